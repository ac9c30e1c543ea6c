import { isJsonObject } from "../../../../src/lib/json.ts";
import { rejected } from "../../../../src/rollout/tools/call-return.ts";
import type { ToolRunner } from "../../../../src/rollout/agent-setup.ts";
import type { ServedEnvironment } from "../../../../src/trace/trace-ref.ts";
import type { TraceSetup } from "../../../../src/trace/trace-setup.ts";
import type { WorldShape } from "../schedule.ts";
import type { SimProcess } from "../sim-process.ts";
import { IDENTITY } from "../world-specs.ts";

/** The one environment that worlds of traces serve. */
export const SERVED: ServedEnvironment = {
  namespace: IDENTITY.namespace,
  name: "env",
  environmentUid: IDENTITY.environmentUid,
  specHash: IDENTITY.specHash,
};

/** Its one tool: with a mark it notes it in the sandbox, without it shows all that were noted. */
export const NOTE_TOOL = "note";

/** The environment's setup as a gateway has it; `nameOf` names a call in its sandbox. */
export function simulatedSetup(
  { agentSeconds, gradingNeedsSandbox }: WorldShape,
  process: SimProcess,
  nameOf: (callId: string) => string,
): TraceSetup {
  return {
    limits: { maxTurns: 100, maxToolCalls: 100, agentSeconds },
    runsInSandbox: (tool) => tool === NOTE_TOOL,
    gradingNeedsSandbox,
    promptFor: () => [{ role: "user", content: "note it" }],
    runTool: noteRunner(process, nameOf),
  };
}

function noteRunner({ clock }: SimProcess, nameOf: (callId: string) => string): ToolRunner {
  return async ({ call, callId, session, signal }) => {
    const startedAtMs = clock.nowMs();
    const argv = argvOf(call.argumentsJson);
    if (session === null || argv === null) return rejected("There is no such tool.", startedAtMs);
    const asked = { callId: nameOf(callId), argv, timeoutMs: 1000, maxOutputBytes: 10_000 };
    const { stdout, exitCode, durationMs, replayed } = await session.exec(asked, signal);
    const result = exitCode === 0 ? "ok" : "failed";
    const flags = { timedOut: false, outOfMemory: false, truncatedBytes: 0, replayed };
    return { output: stdout, result, exitCode, startedAtMs, durationMs, ...flags };
  };
}

/** Null for arguments that a model got wrong. */
function argvOf(argumentsJson: string): string[] | null {
  try {
    const read: unknown = JSON.parse(argumentsJson);
    const mark = isJsonObject(read) ? read["mark"] : undefined;
    return typeof mark === "string" ? ["note", mark] : ["notes"];
  } catch {
    return null;
  }
}
