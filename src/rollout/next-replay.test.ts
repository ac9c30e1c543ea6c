import { describe, expect, it } from "vitest";
import { aCall, anAttempt, aReturn, aTurn } from "../../test/support/rollout/attempt-builder.ts";
import { applyEvent } from "./apply-event.ts";
import { newEvent } from "./events.ts";
import { nextReplay } from "./next-replay.ts";
import type { Recovery } from "./recovery.ts";
import type { AttemptState, CallReturn, CallState } from "./state.ts";

const REPLAY: Recovery = { kind: "replay", runsInSandbox: (tool) => tool !== "remote", mask: (text) => text };

const ran = (turn: number, index: number, changes: Partial<CallReturn> = {}): CallState =>
  aCall(turn, index, { ...aReturn(0, 5), ...changes });

const lease = (attempt: AttemptState, sandboxUid: string): AttemptState =>
  applyEvent(attempt, newEvent(1, { case: "sandboxLeased", value: { sandboxUid } }), 1);

const replayed = (attempt: AttemptState, turn: number, calls: number): AttemptState =>
  applyEvent(attempt, newEvent(1, { case: "sandboxReplayed", value: { turn, calls } }), 1);

const TURNS = [
  aTurn(0, { calls: [ran(0, 0), { ...ran(0, 1), name: "remote" }, ran(0, 2, { result: "rejected" })] }),
  aTurn(1, { calls: [{ ...ran(1, 0), name: "remote" }] }),
  aTurn(2, { calls: [ran(2, 0, { result: "failed", timedOut: true }), aCall(2, 1)] }),
];

const first = anAttempt({ turns: TURNS });
const lost = lease(lease(first, "box-0"), "box-1");

describe("what runs again in a new sandbox", () => {
  it("is nothing in the first sandbox, nor in one that is leased again, nor where nothing is replayed", () => {
    expect(nextReplay(lease(first, "box-0"), REPLAY)).toBeNull();
    expect(nextReplay(lease(lease(first, "box-0"), "box-0"), REPLAY)).toBeNull();
    expect(nextReplay(lost, { kind: "restart" })).toBeNull();
  });

  it("is each turn's calls that returned and had run in the sandbox, failed ones too, in order of turns", () => {
    expect(nextReplay(lost, REPLAY)).toEqual({ turn: 0, calls: [TURNS[0]?.calls[0]] });
    const after = replayed(lost, 0, 1);
    expect(nextReplay(after, REPLAY)).toEqual({ turn: 2, calls: [TURNS[2]?.calls[0]] });
    const done = replayed(after, 2, 1);
    expect(nextReplay(done, REPLAY)).toBeNull();
    expect(done.replay?.calls).toBe(2);
  });

  it("is not what was called after the replacement", () => {
    const later = replayed(replayed(lost, 0, 1), 2, 1);
    const called = { ...later, turns: [...later.turns, aTurn(3, { calls: [ran(3, 0)] })] };
    expect(nextReplay(called, REPLAY)).toBeNull();
  });

  it("is everything from the start when the new sandbox is lost as well", () => {
    expect(nextReplay(lease(replayed(lost, 0, 1), "box-2"), REPLAY)).toMatchObject({ turn: 0 });
  });

  it("ends with a turn without calls when nothing is left", () => {
    const remote = anAttempt({ turns: TURNS.slice(1, 2) });
    const another = lease(lease(remote, "box-0"), "box-1");
    expect(nextReplay(another, REPLAY)).toEqual({ turn: 1, calls: [] });
    expect(nextReplay(lease(lease(anAttempt(), "box-0"), "box-1"), REPLAY)).toBeNull();
  });
});

describe("a replayed turn on record", () => {
  it.each([
    ["without a replacement", lease(first, "box-0"), 0],
    ["a second time", replayed(lost, 0, 1), 0],
    ["of a turn after the replacement", lost, 3],
  ] as const)("is illegal %s", (_, attempt, turn) => {
    expect(() => replayed(attempt, turn, 1)).toThrow(/event log/u);
  });
});
