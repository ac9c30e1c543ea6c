import { limitsSchema } from "../../../src/environment/limits.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import type { ResolvedTool } from "../../../src/environment/tool-definitions.ts";
import { toolSpecSchema } from "../../../src/environment/tool-spec.ts";
import type { ToolRun } from "../../../src/rollout/agent-setup.ts";
import type { HttpToolCaller } from "../../../src/rollout/tools/http-tool-caller.ts";
import type { ToolRunnerDeps } from "../../../src/rollout/tools/tool-runner-deps.ts";
import { InstantClock } from "../grader/instant-clock.ts";

/** The tools of an environment that has these specs. */
export function toolsOf(...specs: readonly object[]): readonly ResolvedTool[] {
  return resolveTools({
    tools: specs.map((spec) => toolSpecSchema.parse(spec)),
    limits: limitsSchema.parse({}),
  });
}

/** A call of a tool in turn 2 of attempt 1, with whatever a test sets. */
export function toolRun(name: string, args: object | string, fields: Partial<ToolRun> = {}): ToolRun {
  return {
    call: {
      turn: 2,
      index: 0,
      callId: "call_of_the_model",
      name,
      argumentsJson: typeof args === "string" ? args : JSON.stringify(args),
      calledAtMs: 0,
      returned: null,
    },
    callId: "abc-3-1/1/2/0",
    traceId: "trace_1",
    item: { question: "q", secret_answer: "a" },
    session: null,
    remainingMs: 600_000,
    signal: new AbortController().signal,
    ...fields,
  };
}

/** What a runner needs, with a clock that takes no time and no remote tool. */
export function runnerDeps(fields: Partial<ToolRunnerDeps> = {}): ToolRunnerDeps {
  return {
    clock: new InstantClock(),
    random: () => 0.5,
    http: noHttp,
    secretHeaders: () => ({}),
    outputBytes: 65_536,
    ...fields,
  };
}

const noHttp: HttpToolCaller = {
  post: () => Promise.reject(new Error("no remote tool in this test")),
};
