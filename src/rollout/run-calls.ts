import { create } from "@bufbuild/protobuf";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import { ToolReturnedSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { AttachedLog } from "./attached-log.ts";
import { toolCallId } from "./ids.ts";
import { textOf } from "./inline-text.ts";
import type { CallReturn, CallState } from "./state.ts";

/** Most calls of one turn that run at a time; sandboxd takes 64. */
const MAX_PARALLEL_CALLS = 32;

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
export async function runCalls(round: CallRound): Promise<RollyardError | null> {
  const waiting = [...round.calls];
  const stop = new AbortController();
  let failure: RollyardError | null = null;
  const lane = async (): Promise<void> => {
    for (let call = waiting.shift(); call !== undefined && failure === null; call = waiting.shift()) {
      const error = await runCall(round, call, AbortSignal.any([round.signal, stop.signal]));
      if (error === null || failure !== null) continue;
      failure = error;
      // The turn can't be completed any more: what still runs is given up.
      stop.abort();
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL_CALLS, waiting.length) }, lane));
  return failure;
}

async function runCall(
  round: CallRound,
  call: CallState,
  signal: AbortSignal,
): Promise<RollyardError | null> {
  const { log, setup, session, remainingMs } = round;
  const { attempt } = log;
  try {
    const returned = await setup.runTool({
      call,
      callId: toolCallId(attempt.rolloutId, { attempt: attempt.attempt, turn: call.turn, index: call.index }),
      traceId: attempt.traceId,
      item: attempt.item,
      session,
      remainingMs,
      signal,
    });
    void log.record([log.event(toolReturned(call, returned))]).catch(() => undefined);
    round.onReturned(call, returned);
    return null;
  } catch (error) {
    return toRollyardError(error);
  }
}

function toolReturned(call: CallState, returned: CallReturn): Parameters<AttachedLog["event"]>[0] {
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
  });
  return { case: "toolReturned", value };
}
