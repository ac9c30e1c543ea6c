import { z } from "zod";

/** `spec.limits` of an Environment: what one rollout may use. */
export const limitsSchema = z.strictObject({
  maxTurns: z.int32().min(1).default(50).meta({ description: "Most model calls of a rollout." }),
  maxToolCalls: z.int32().min(0).default(200).meta({ description: "Most tool calls of a rollout." }),
  agentSeconds: z.int32().min(1).default(1800).meta({
    description: "Most seconds of model and tool time of a rollout; queues, starts and recovery don't count.",
  }),
  toolSeconds: z.int32().min(1).default(120).meta({
    description: "Most seconds of one tool call, unless the tool has its own `timeoutSeconds`.",
  }),
  gradeSeconds: z.int32().min(1).default(600).meta({
    description:
      "Most seconds that the graders of one rollout run, tries included; what they wait for doesn't count.",
  }),
  outputBytes: z.int32().min(1).default(65536).meta({
    description: "A tool call's output is cut at this many bytes.",
  }),
});
