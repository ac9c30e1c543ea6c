import { describe, expect, it } from "vitest";
import { aCall, anAttempt, aTurn } from "../../test/support/rollout/attempt-builder.ts";
import { claimAfterLoss, claimOfCurrent, judgeLease, MAX_REPLACEMENTS } from "./recover-sandbox.ts";
import type { Recovery } from "./recovery.ts";
import type { AttemptState, LeasedSandbox } from "./state.ts";

const RESTART: Recovery = { kind: "restart" };
const REPLAY: Recovery = { kind: "replay", runsInSandbox: () => true, mask: (text) => text };

const boxes = (count: number): readonly LeasedSandbox[] =>
  Array.from({ length: count }, (_, generation) => ({
    sandboxUid: `box-${generation}`,
    generation,
    source: "cold",
    waitedMs: 1,
  }));

const attempt = (sandboxes: number, changes: Partial<AttemptState> = {}): AttemptState =>
  anAttempt({ sandboxes: boxes(sandboxes), turns: [aTurn(0, { calls: [aCall(0, 0)] })], ...changes });

describe("claiming after a loss", () => {
  it("asks for the first sandbox, then for the one on record", () => {
    expect(claimOfCurrent(attempt(0))).toEqual({ generation: 0, lostSandboxUid: null });
    expect(claimOfCurrent(attempt(2))).toEqual({ generation: 1, lostSandboxUid: null });
  });

  it("asks for the next generation in the lost one's name, where rollouts are replayed", () => {
    expect(claimAfterLoss(attempt(1), REPLAY)).toEqual({ generation: 1, lostSandboxUid: "box-0" });
    expect(claimAfterLoss(attempt(2), REPLAY)).toEqual({ generation: 2, lostSandboxUid: "box-1" });
  });

  it("only asks what became of it in a restart, before any lease, and after too many losses", () => {
    expect(claimAfterLoss(attempt(1), RESTART)).toEqual({ generation: 0, lostSandboxUid: null });
    expect(claimAfterLoss(attempt(0), REPLAY)).toEqual({ generation: 0, lostSandboxUid: null });
    const most = attempt(1 + MAX_REPLACEMENTS);
    expect(claimAfterLoss(most, REPLAY)).toEqual({ generation: MAX_REPLACEMENTS, lostSandboxUid: null });
    expect(claimAfterLoss(attempt(MAX_REPLACEMENTS), REPLAY).lostSandboxUid).not.toBeNull();
  });
});

describe("judging a lease", () => {
  it.each([RESTART, REPLAY])("knows the sandbox on record again: $kind", (recovery) => {
    expect(judgeLease(attempt(2), { sandboxUid: "box-1" }, recovery)).toBe("same");
  });

  it("takes a first sandbox, and another one while nothing was asked of it", () => {
    expect(judgeLease(attempt(0), { sandboxUid: "box-9" }, RESTART)).toBe("new");
    expect(judgeLease(attempt(1, { turns: [] }), { sandboxUid: "box-9" }, RESTART)).toBe("new");
  });

  it("takes another one after calls only where it is brought to the same state", () => {
    expect(judgeLease(attempt(1), { sandboxUid: "box-9" }, REPLAY)).toBe("new");
    expect(judgeLease(attempt(1), { sandboxUid: "box-9" }, RESTART)).toBe("lost");
    expect(judgeLease(attempt(1 + MAX_REPLACEMENTS), { sandboxUid: "box-9" }, REPLAY)).toBe("lost");
  });
});
