import type { JsonObject } from "../lib/json.ts";
import type { ChatMessage } from "../model/port.ts";
import type { ToolRunner } from "../rollout/agent-setup.ts";
import type { AgentLimits } from "../rollout/next-step.ts";

/** A served environment's snapshot, ready to answer calls. One serves all of its traces in a process. */
export interface TraceSetup {
  readonly limits: AgentLimits;
  /** Whether a tool of the environment runs in the sandbox; false for a name that it does not have. */
  readonly runsInSandbox: (tool: string) => boolean;
  /** Whether grading reads the frozen sandbox; without that it is freed when the grade is asked for. */
  readonly gradingNeedsSandbox: boolean;
  /** The first messages for an item, for the record; none where they can't be told. */
  readonly promptFor: (item: JsonObject) => readonly ChatMessage[];
  readonly runTool: ToolRunner;
}
