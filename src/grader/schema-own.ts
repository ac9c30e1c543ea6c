import { z } from "zod";
import { judgeInputSchema } from "./schema-judge-input.ts";
import { graderNameSchema } from "./schema-openai.ts";

/** Compares two sets of texts: precision, recall or F. */
export const setMatchGraderSchema = z.strictObject({
  type: z.literal("set_match").meta({ description: "Compares two sets of texts: 0 to 1." }),
  name: graderNameSchema,
  input: z.string().meta({
    description:
      "The sample's set: a template whose value is a JSON array or a list of lines. An unreadable one scores 0 with flag `sample_parse_error`.",
  }),
  reference: z.string().meta({
    description: "The right set: a template whose value is a JSON array or a list of lines.",
  }),
  metric: z
    .enum(["precision", "recall", "f1", "fbeta"])
    .meta({ description: "The measure. Two empty sets score 1." }),
  beta: z
    .number()
    .gt(0)
    .optional()
    .meta({ description: "Weight of recall in `fbeta`; needed there, and only there." }),
  normalize: z.enum(["none", "trim", "path", "casefold"]).default("none").meta({
    description: "What is done to each element before the comparison.",
  }),
});

/** Runs a command in a clean sandbox over files taken from the agent's. */
export const commandGraderSchema = z.strictObject({
  type: z.literal("command").meta({ description: "Runs a command, such as tests, in a clean sandbox." }),
  name: graderNameSchema,
  argv: z.array(z.string()).min(1).meta({
    description:
      "The command and its arguments. On its stdin it gets one JSON object: key, item, sample, tests, assets, result, seconds.",
  }),
  files: z
    .array(
      z.strictObject({
        from: z.string().min(1).meta({
          description: "A file or folder of the agent's workdir. No symbolic link is followed or taken.",
        }),
        to: z.string().min(1).meta({ description: "Its place in the clean sandbox's workdir." }),
      }),
    )
    .default([])
    .meta({
      description:
        "What is taken from the agent's frozen sandbox: at most 32 MiB and 4,000 entries, else the reward is 0 with flag `agent_files_refused`.",
    }),
  assets: z
    .strictObject({
      path: z.string().min(1).optional().meta({
        description: "A folder, relative to this file. Only for local runs.",
      }),
      configMap: z.string().min(1).optional().meta({
        description: "Name of a ConfigMap of the same namespace; each key is a file of the workdir.",
      }),
    })
    .optional()
    .meta({
      description:
        "The grader's own files, which the agent never sees, at most 4 MiB: exactly one of path, configMap. They take the place of the agent's.",
    }),
  expect: z
    .strictObject({
      tests: z.array(z.string()).min(1).meta({ description: "Ids of tests that must be reported." }),
    })
    .optional()
    .meta({
      description:
        "What the result must report: the reward is the share of these tests that passed. Without it every reported one counts.",
    }),
  result: z.string().min(1).optional().meta({
    description:
      "File of the workdir that the command writes its result to, signed with the run's key. Default `.rollyard/result`.",
  }),
});

/** A formula over the trajectory's own figures. */
export const trajectoryGraderSchema = z.strictObject({
  type: z
    .literal("trajectory")
    .meta({ description: "A formula over turns, tool calls, tokens and seconds." }),
  name: graderNameSchema,
  formula: z.string().min(1).meta({
    description:
      "As of `multi`, over turns, tool_calls, tool_calls.<name>, max_parallel, repeated_calls, validated_before_answer, prompt_tokens, completion_tokens, answer_chars, seconds.agent. A dash in a tool's name is written `_`.",
  }),
  validation: z.array(z.string().min(1)).min(1).optional().meta({
    description:
      "Tools whose call counts as a validation: `validated_before_answer` is 1 when one of them ended well in the last turn with calls and the agent answered then. Default: any tool.",
  }),
});

/** A judge model that can only lower the reward. */
export const judgeVetoGraderSchema = z.strictObject({
  type: z.literal("judge_veto").meta({ description: "A judge model that can only lower the reward." }),
  name: graderNameSchema,
  model: z.string().min(1).meta({ description: "A key of the Environment's `judges`." }),
  categories: z.array(z.string().min(1)).min(1).meta({
    description:
      "What the judge looks for: a closed list. What it finds beyond that is flagged and lowers nothing.",
  }),
  cap: z.number().max(1).meta({ description: "The reward when one is found; 1 when nothing is." }),
  phrases: z
    .record(z.string(), z.array(z.string().min(1)).min(1))
    .optional()
    .meta({
      description:
        "Texts by category, without regard to case: an answer that holds one is of that category, and no judge is asked.",
    }),
  input: judgeInputSchema.optional().meta({
    description: "The messages that the judge model gets. Default: the sample's last text, between markers.",
  }),
});
