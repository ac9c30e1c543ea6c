import { describe, expect, it } from "vitest";
import { JobLedger } from "../../../src/job/job-ledger.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { Progress, progressLine, ratePerSecond } from "./progress.ts";

function ledgerWith(graded: number): JobLedger {
  const retry = { maxAttempts: 3, budgetPercent: 20 };
  const ledger = new JobLedger({ items: 10, samplesPerItem: 1, retry, indexes: null });
  for (let itemIndex = 0; itemIndex < graded; itemIndex += 1) {
    const end = { kind: "graded", reward: 0.5 } as const;
    const place = { itemIndex, sampleIndex: 0 };
    const counts = { promptTokens: 0, completionTokens: 0, sequence: 1, storedAtMs: 0 };
    ledger.ended({ place, attempt: 0, end, ...counts });
  }
  return ledger;
}

describe("the progress of a run", () => {
  it("names counts, mean reward, rate and time to go", () => {
    const line = progressLine(ledgerWith(4), 2);
    expect(line).toBe(
      "4/10  0 active  0 grading  4 graded  0 failed  mean reward 0.500  2.0 rollouts/s  ETA 3s",
    );
  });

  it("says what holds the run up", () => {
    expect(progressLine(ledgerWith(4), 0, "model throttled")).toMatch(/ {2}waiting: model throttled$/u);
  });

  it("names the classes of failures and no reward before there is one", () => {
    const ledger = ledgerWith(0);
    const end = { kind: "failed", failureClass: "config", code: "model_unauthorized" } as const;
    const place = { itemIndex: 0, sampleIndex: 0 };
    ledger.ended({
      place,
      attempt: 0,
      sequence: 1,
      storedAtMs: 0,
      promptTokens: 0,
      completionTokens: 0,
      end,
    });
    expect(progressLine(ledger, 0)).toContain("1 failed (1 config)  mean reward -");
  });

  it("measures the rate over the samples that it has", () => {
    expect(ratePerSecond([{ atMs: 0, done: 0 }])).toBe(0);
    const samples = [
      { atMs: 0, done: 1 },
      { atMs: 4000, done: 9 },
    ];
    expect(ratePerSecond(samples)).toBe(2);
  });

  it("writes a whole line every 10 s when piped, and one live line on a terminal", async () => {
    const clock = new VirtualClock();
    const written = async (isTerminal: boolean): Promise<string[]> => {
      const texts: string[] = [];
      const output = { write: (text: string) => void texts.push(text), isTerminal, columns: () => 40 };
      const progress = new Progress(ledgerWith(1), output, clock);
      progress.start();
      await clock.run(
        clock.sleep(25_000).then(() => progress.end()),
        60_000,
      );
      return texts;
    };
    const piped = await written(false);
    expect(piped).toHaveLength(3);
    expect(piped.every((text) => text.endsWith("\n") && !text.includes("\u001B"))).toBe(true);
    const live = await written(true);
    expect(live.length).toBeGreaterThan(90);
    expect(live[0]?.startsWith("\r\u001B[K")).toBe(true);
    expect(live[0]?.length).toBeLessThanOrEqual(4 + 39);
  });
});
