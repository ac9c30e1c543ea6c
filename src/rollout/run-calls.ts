import { create } from "@bufbuild/protobuf";
import { toRollyardError, withFacts } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import { ToolReturnedSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { AgentSetup, ToolRun } from "./agent-setup.ts";
import type { AttachedLog } from "./attached-log.ts";
import { toolCallId } from "./ids.ts";
import { textOf } from "./inline-text.ts";
import { runInLanes } from "./run-in-lanes.ts";
import type { AttemptState, CallReturn, CallState } from "./state.ts";

/** What running a turn's calls needs. */
export interface CallRound {
  readonly log: AttachedLog;
  readonly setup: AgentSetup;
  readonly calls: readonly CallState[];
  readonly session: SandboxSession | null;
  readonly remainingMs: number;
  readonly signal: AbortSignal;
  readonly onReturned: (call: CallState, returned: CallReturn) => void;
}

/**
 * Runs recorded calls in parallel and records each answer as it comes, without waiting for the record: whoever takes
 * over asks for the same call id and gets the stored answer. Resolves with the first infrastructure failure, or null
 * when every call has its answer.
 */
export function runCalls(round: CallRound): Promise<RollyardError | null> {
  return runInLanes(round.calls, round.signal, (call, signal) => runCall(round, call, signal));
}

/** A recorded call as a tool runs it, under the id that it has in every sandbox of its attempt. */
export function toolRunOf(
  attempt: AttemptState,
  call: CallState,
  how: Pick<ToolRun, "session" | "remainingMs" | "signal">,
): ToolRun {
  const { turn, index } = call;
  return {
    ...how,
    call,
    callId: toolCallId(attempt.rolloutId, { attempt: attempt.attempt, turn, index }),
    traceId: attempt.traceId,
    item: attempt.item,
  };
}

async function runCall(
  round: CallRound,
  call: CallState,
  signal: AbortSignal,
): Promise<RollyardError | null> {
  const { log, setup, session, remainingMs } = round;
  try {
    const returned = await setup.runTool(toolRunOf(log.attempt, call, { session, remainingMs, signal }));
    void log.record([log.event(toolReturned(call, returned))]).catch(() => undefined);
    round.onReturned(call, returned);
    return null;
  } catch (error) {
    return withFacts(toRollyardError(error), { tool: call.name, call: `${call.turn}/${call.index}` });
  }
}

/** `tool.returned` of a recorded call. */
export function toolReturned(
  call: Pick<CallState, "turn" | "index">,
  returned: CallReturn,
): Parameters<AttachedLog["event"]>[0] {
  const value = create(ToolReturnedSchema, {
    turn: call.turn,
    index: call.index,
    output: textOf(returned.output),
    result: returned.result,
    ...(returned.exitCode === null ? {} : { exitCode: returned.exitCode }),
    startedAtMs: returned.startedAtMs,
    durationMs: returned.durationMs,
    timedOut: returned.timedOut,
    outOfMemory: returned.outOfMemory,
    truncatedBytes: BigInt(returned.truncatedBytes),
    replayed: returned.replayed,
  });
  return { case: "toolReturned", value };
}
