import type { JsonObject } from "../lib/json.ts";
import type { ChatMessage, FunctionTool, ModelClient } from "../model/port.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { AgentLimits } from "./next-step.ts";
import type { Recovery } from "./recovery.ts";
import type { CallReturn, CallState } from "./state.ts";

/** One tool call to run. */
export interface ToolRun {
  readonly call: CallState;
  /** `<rollout>/<attempt>/<turn>/<index>`: the sandbox runs it at most once. */
  readonly callId: string;
  readonly traceId: string;
  readonly item: JsonObject;
  /** Null when no tool of the environment needs a sandbox. */
  readonly session: SandboxSession | null;
  readonly remainingMs: number;
  readonly signal: AbortSignal;
}

/** Runs a tool call. Rejects with class sandbox, tool or config; what the model did wrong is a return. */
export type ToolRunner = (run: ToolRun) => Promise<CallReturn>;

/** A snapshot of job and environment, ready to drive rollouts. One serves all rollouts of a job in a process. */
export interface AgentSetup {
  readonly limits: AgentLimits;
  readonly samplesPerItem: number;
  readonly tools: readonly FunctionTool[];
  /** Whether a tool runs in the sandbox; without one no sandbox is claimed. */
  readonly needsSandbox: boolean;
  readonly recovery: Recovery;
  /** Whether grading reads the frozen sandbox; without that it is freed at the stop. */
  readonly gradingNeedsSandbox: boolean;
  readonly responseFormat: JsonObject | null;
  /** The first messages for an item. Throws `template_error` or `dataset_invalid`. */
  readonly promptFor: (item: JsonObject) => readonly ChatMessage[];
  readonly model: ModelClient;
  readonly runTool: ToolRunner;
}
