import { describe, expect, it } from "vitest";
import { EMPTY_DIGEST } from "../rollout/digest.ts";
import { newEvent } from "../rollout/events.ts";
import { foldMessage, EMPTY_ROLLOUT } from "../rollout/fold.ts";
import { decodeLogMessage, encodeLogMessage } from "../rollout/log-message.ts";
import { toolReturned } from "../rollout/run-calls.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import type { AttemptState, CallState } from "../rollout/state.ts";
import {
  answeredTurn,
  askedTurn,
  calledEvent,
  failedTryEvent,
  killedReturn,
  startedEvent,
  stoppedEvent,
} from "./trace-events.ts";
import { traceRef } from "./trace-ref.ts";
import { attemptOf, decideCall, findCall, lostCall } from "./trace-state.ts";
import type { TraceCall } from "./trace-state.ts";

const environment = { namespace: "team", name: "search", environmentUid: "0123456789ab", specHash: "h" };
const ref = traceRef(environment, "trace_1");
const call = (callId: string, argumentsJson = "{}"): TraceCall => ({ callId, name: "grep", argumentsJson });

describe("traceRef", () => {
  it("gives one id one place, whatever the id holds, and never a part of it", () => {
    expect(traceRef(environment, "trace_1")).toEqual(ref);
    const odd = traceRef(environment, "a.b > *");
    expect(odd.jobUid).toBe("t0123456789ab");
    expect([odd.itemIndex, odd.sampleIndex]).not.toEqual([ref.itemIndex, ref.sampleIndex]);
  });
});

describe("decideCall", () => {
  it("opens the trace with its first call", () => {
    expect(decideCall(null, call("a"))).toEqual({
      kind: "new",
      turn: 0,
      index: 0,
      opensTurn: true,
      earlier: 0,
    });
  });

  it("puts a call beside one that still runs into its turn, and one after its answer into a new turn", () => {
    const asked = folded([started(), ...called("a")]);
    expect(decideCall(asked, call("b"))).toMatchObject({ turn: 0, index: 1, opensTurn: false });
    const both = folded([started(), ...called("a"), calledEvent(1, { turn: 0, index: 1 }, call("b"))]);
    expect(both.turns[0]?.message.tool_calls).toHaveLength(2);
    const answered = folded([started(), ...called("a"), returned(0, 0)]);
    expect(decideCall(answered, call("b"))).toMatchObject({ turn: 1, index: 0, opensTurn: true, earlier: 1 });
  });

  it("gives a repeat the stored answer, and joins one that has none", () => {
    const open = folded([started(), ...called("a")]);
    expect(decideCall(open, call("a"))).toMatchObject({ kind: "known", call: { callId: "a" } });
    const answered = folded([started(), ...called("a"), returned(0, 0)]);
    expect(decideCall(answered, call("a"))).toMatchObject({ kind: "answered" });
  });

  it("refuses another call under a known id", () => {
    const answered = folded([started(), ...called("a"), returned(0, 0)]);
    expect(decideCall(answered, call("a", '{"x":1}'))).toEqual({ kind: "conflict" });
  });

  it("closes the door once the trace is sealed, but for answers that are on record", () => {
    const sealed = folded([started(), ...called("a"), returned(0, 0), ...stopped(1)]);
    expect(decideCall(sealed, call("b"))).toMatchObject({ kind: "closed", seal: { kind: "stopped" } });
    expect(decideCall(sealed, call("a"))).toMatchObject({ kind: "answered" });
    expect(sealed.hosted).toEqual({ sample: { output_text: "done" }, item: { row: 2 } });
    expect(sealed.item).toEqual({ row: 2 });
  });
});

describe("lost tries", () => {
  const lostAt = (place: { readonly turn: number; readonly index: number }) =>
    failedTryEvent(2, place, { failureClass: "sandbox", code: "sandbox_lost", cause: "", evidence: {} });
  const lost = lostAt({ turn: 0, index: 0 });

  it("are counted by call, and a later answer of the same call still counts", () => {
    const twice = folded([started(), ...called("a"), lost, lost]);
    expect(findCall(twice, "a")).toMatchObject({ failedTries: 2, lostTo: { code: "sandbox_lost" } });
    const other = [askedTurn(3, 1, call("b")), calledEvent(3, { turn: 1, index: 0 }, call("b"))];
    const late = folded([started(), ...called("a"), lost, ...other, returned(0, 0)]);
    expect(findCall(late, "a")?.returned).not.toBeNull();
  });

  it("leave a trace without a score while nothing has answered what was asked", () => {
    const open = folded([started(), ...called("a"), lost]);
    expect(lostCall(open)).toMatchObject({ callId: "a" });
    const again = [
      askedTurn(3, 1, call("b")),
      calledEvent(3, { turn: 1, index: 0 }, call("b")),
      returned(1, 0),
    ];
    expect(lostCall(folded([started(), ...called("a"), lost, ...again]))).toBeNull();
  });

  it("leave a trace without a score though the same was asked and answered before", () => {
    const again = [askedTurn(3, 1, call("b")), calledEvent(3, { turn: 1, index: 0 }, call("b"))];
    const asked = [started(), ...called("a"), returned(0, 0), ...again];
    expect(lostCall(folded([...asked, lostAt({ turn: 1, index: 0 })]))).toMatchObject({ callId: "b" });
    const beside = [started(), ...called("a"), calledEvent(1, { turn: 0, index: 1 }, call("b"))];
    expect(lostCall(folded([...beside, returned(0, 0), lostAt({ turn: 0, index: 1 })]))).toBeNull();
  });
});

function started(): RolloutEvent {
  return startedEvent(ref, 0, { item: { row: 1 }, prompt: [] });
}

function called(callId: string): readonly RolloutEvent[] {
  return [askedTurn(1, 0, call(callId)), calledEvent(1, { turn: 0, index: 0 }, call(callId))];
}

function returned(turn: number, index: number): RolloutEvent {
  const at: Pick<CallState, "turn" | "index"> = { turn, index };
  return newEvent(2, toolReturned(at, killedReturn(2)));
}

function stopped(turn: number): readonly RolloutEvent[] {
  const sample = { output_text: "done" };
  return [answeredTurn(3, turn, sample), stoppedEvent(3, { sample, item: { row: 2 } })];
}

/** The attempt after these events, by the fold that every reader uses. */
function folded(events: readonly RolloutEvent[]): AttemptState {
  const { payload, headers } = encodeLogMessage(
    { attempt: 0, messages: 0, digest: EMPTY_DIGEST },
    "n",
    events,
  );
  const message = decodeLogMessage({ subject: "s", sequence: 1, payload, headers, storedAtMs: 0 });
  const attempt = attemptOf(foldMessage(EMPTY_ROLLOUT, message));
  if (attempt === null) throw new Error("no attempt");
  return attempt;
}
