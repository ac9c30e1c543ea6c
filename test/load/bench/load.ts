/** What is run under a load: Rollyard with its tools in the worker's process or in sandboxes, or the bare loop. */
export const SCENARIOS = ["bare", "process", "sandbox"] as const;

/** One of {@link SCENARIOS}. */
export type Scenario = (typeof SCENARIOS)[number];

/** How much is run. */
export interface Load {
  readonly rollouts: number;
  /** Rollouts at once. */
  readonly parallelism: number;
  /** Of each rollout. Every turn is one model call and one tool call; the turn limit ends the rollout. */
  readonly turns: number;
  readonly modelLatencyMs: number;
}

/** The tool of the load: it answers with its argument. */
export const TOOL_NAME = "echo";

/** What the mock model passes to the tool, every turn. */
export const TOOL_ARGUMENTS = JSON.stringify({
  text: "sixty-four bytes of a tool's output, as short as a path is or so",
});

/** The tool as the model is told of it. */
export const TOOL = {
  name: TOOL_NAME,
  description: "Says what it is told to say.",
  parameters: {
    type: "object",
    properties: { text: { type: "string" } },
    required: ["text"],
    additionalProperties: false,
  },
} as const;

/** The first messages of every rollout. */
export const SYSTEM_PROMPT = "You are an agent under load. Call the tool in every turn.";

/** The user's message of a rollout. */
export function questionOf(rollout: number): string {
  return `Question ${rollout}: what does the tool say when it is asked to say something?`;
}

/** The tool as a function, for loops that run it in their own process. */
export function echo(argumentsJson: string): string {
  const { text } = JSON.parse(argumentsJson) as { readonly text: string };
  return text;
}
