import { describe, expect, it } from "vitest";
import { rolloutToken } from "../bus/subjects.ts";
import type { OutcomeSummary } from "../job/outcome-summary.ts";
import { TraceTally } from "./trace-tally.ts";

const place = (itemIndex: number) => ({ itemIndex, sampleIndex: 0 });
const token = (itemIndex: number): string => rolloutToken(place(itemIndex));
const outcome = (itemIndex: number, end: Partial<OutcomeSummary["end"]>): OutcomeSummary =>
  ({ place: place(itemIndex), end, storedAtMs: 10 }) as OutcomeSummary;
const graded = (itemIndex: number, reward = 1): OutcomeSummary =>
  outcome(itemIndex, { kind: "graded", reward });
const failed = (itemIndex: number): OutcomeSummary =>
  outcome(itemIndex, { kind: "failed", failureClass: "tool" });

describe("TraceTally", () => {
  it("counts each trace once, whatever is told twice or late", () => {
    const tally = new TraceTally();
    for (const each of [0, 1, 2]) tally.heard(token(each), 5);
    expect([tally.ended(graded(0)), tally.ended(graded(0)), tally.ended(failed(1))]).toEqual([
      true,
      false,
      true,
    ]);
    tally.heard(token(0), 20);
    expect(tally.counts).toMatchObject({
      live: 1,
      graded: 1,
      failed: 1,
      failures: { tool: 1 },
      rewardMean: 1,
    });
  });

  it("counts graded traces whose score the trainer has not got, in whatever order it learns of them", () => {
    const tally = new TraceTally();
    tally.delivered(token(0));
    for (const each of [graded(0), graded(1), graded(2), failed(3)]) tally.ended(each);
    expect(tally.undelivered).toBe(2);
    tally.delivered(token(1));
    tally.delivered(token(1));
    expect(tally.undelivered).toBe(1);
  });

  it("keeps its counts when records are removed", () => {
    const tally = new TraceTally();
    for (const each of [graded(0), graded(1, 0), failed(2)]) tally.ended(each);
    tally.delivered(token(0));
    for (const each of tally.endedBefore(11)) tally.forget(each);
    expect(tally.tokens).toEqual([]);
    expect(tally.counts).toMatchObject({ graded: 2, failed: 1, rewardMean: 0.5 });
    expect(tally.undelivered).toBe(1);
  });
});
