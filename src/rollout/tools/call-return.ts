import type { ExecResult } from "../../sandbox/port.ts";
import type { CallReturn } from "../state.ts";
import { formatOutput, formatText } from "./format-output.ts";

/** A call that never ran: unknown tool or bad arguments. The sentence is for the model. */
export function rejected(sentence: string, startedAtMs: number): CallReturn {
  return { ...EMPTY, output: sentence, result: "rejected", startedAtMs };
}

/** A call that ran without a command behind it. */
export function textReturn(
  text: { readonly output: string; readonly result: "ok" | "failed" },
  outputBytes: number,
  times: Pick<CallReturn, "startedAtMs" | "durationMs">,
): CallReturn {
  return { ...EMPTY, ...times, ...formatText(text.output, outputBytes), result: text.result };
}

/** A call that was a command. Its duration is sandboxd's own, so that a re-sent call costs the agent nothing. */
export function execReturn(
  result: ExecResult,
  limits: { readonly outputBytes: number; readonly timeoutMs: number },
  startedAtMs: number,
): CallReturn {
  const { exitCode, timedOut, outOfMemory, durationMs } = result;
  // A stored answer ran under its first driver's timeout, which its duration tells.
  const timeoutMs = result.replayed ? durationMs : Math.min(limits.timeoutMs, durationMs);
  return {
    ...formatOutput({ ...result, timeoutMs }, limits.outputBytes),
    result: exitCode === 0 && !timedOut && !outOfMemory ? "ok" : "failed",
    exitCode,
    startedAtMs,
    durationMs,
    timedOut,
    outOfMemory,
    replayed: result.replayed,
  };
}

const EMPTY = {
  exitCode: null,
  durationMs: 0,
  timedOut: false,
  outOfMemory: false,
  truncatedBytes: 0,
  replayed: false,
};
