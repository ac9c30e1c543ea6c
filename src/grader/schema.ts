import { z } from "zod";
import { isJsonObject } from "../lib/json.ts";
import { ALWAYS_CHECK } from "../lib/schema/cross-field.ts";
import {
  endpointGraderSchema,
  graderNameSchema,
  labelModelGraderSchema,
  pythonGraderSchema,
  scoreModelGraderSchema,
  stringCheckGraderSchema,
  textSimilarityGraderSchema,
} from "./schema-openai.ts";
import { CHECK_NAMES } from "./integrity/integrity-checks.ts";
import {
  commandGraderSchema,
  judgeVetoGraderSchema,
  setMatchGraderSchema,
  trajectoryGraderSchema,
} from "./schema-own.ts";

/** What any grader may carry when it stands at the top of an Environment, but not inside a `multi`. */
const topLevelFields = {
  pass_threshold: z.number().optional().meta({
    description: "`passed` means a reward of at least this; wins over the Environment's `passThreshold`.",
  }),
  integrity: z.array(z.enum(CHECK_NAMES)).max(CHECK_NAMES.length).optional().meta({
    description:
      "Checks against cheating: a hit makes the reward zero and sets a flag `integrity:<check>:<reason>`. docs/graders.md says what each looks for.",
  }),
};

const leafSchemas = [
  stringCheckGraderSchema,
  textSimilarityGraderSchema,
  labelModelGraderSchema,
  scoreModelGraderSchema,
  pythonGraderSchema,
  endpointGraderSchema,
  setMatchGraderSchema,
  commandGraderSchema,
  trajectoryGraderSchema,
  judgeVetoGraderSchema,
] as const;

/** Every `type` that the schema knows. */
export const GRADER_TYPES: readonly GraderType[] = [
  ...leafSchemas.map(({ shape }) => shape.type.value),
  "multi",
];

/** What OpenAI's graders may carry inside a `multi` too, where only the whole can pass. */
const subFields = {
  pass_threshold: z.number().optional().meta({
    description: "Accepted for OpenAI's sake; without effect here: only the `multi` as a whole passes.",
  }),
};

/** A grader that may stand inside a `multi`: any type but `multi`. */
export const subGraderSchema = z.discriminatedUnion("type", [
  stringCheckGraderSchema.extend(subFields),
  textSimilarityGraderSchema.extend(subFields),
  labelModelGraderSchema.extend(subFields),
  scoreModelGraderSchema.extend(subFields),
  pythonGraderSchema.extend(subFields),
  endpointGraderSchema.extend(subFields),
  setMatchGraderSchema.extend(subFields),
  commandGraderSchema.extend(subFields),
  trajectoryGraderSchema.extend(subFields),
  judgeVetoGraderSchema.extend(subFields),
]);

/** See {@link subGraderSchema}. */
export type SubGraderSpec = z.output<typeof subGraderSchema>;

/** The API server checks each by rules, and refuses rules that could take it too long. */
const MAX_GRADERS = 64;

/** Several graders and a formula over their scores. */
export const multiGraderSchema = z.strictObject({
  type: z.literal("multi").meta({ description: "Several graders and a formula over their scores." }),
  name: graderNameSchema.optional(),
  graders: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a name that the formula can use"),
      subGraderSchema,
    )
    .refine((graders) => Object.keys(graders).length > 0, "must hold at least one grader")
    .refine(
      (graders) => Object.keys(graders).length <= MAX_GRADERS,
      `must not hold more than ${MAX_GRADERS} graders`,
    )
    .meta({
      minProperties: 1,
      maxProperties: MAX_GRADERS,
      description: "The graders by the name that the formula uses. A `multi` inside a `multi` is refused.",
    }),
  calculate_output: z.string().min(1).meta({
    description:
      "The formula: `+ - * / ^`, min, max, abs, floor, ceil, exp, sqrt and log over the graders' names.",
  }),
  invalid_grade: z.number().optional().meta({
    description: "Accepted for OpenAI's sake; without effect: a grader that fails gives no reward.",
  }),
  ...topLevelFields,
});

/** `spec.grader` of an Environment: any type, with the fields that only the top may have. */
export const graderSchema = z
  .discriminatedUnion("type", [
    stringCheckGraderSchema.extend(topLevelFields),
    textSimilarityGraderSchema.extend(topLevelFields),
    labelModelGraderSchema.extend(topLevelFields),
    scoreModelGraderSchema.extend(topLevelFields),
    pythonGraderSchema.extend(topLevelFields),
    endpointGraderSchema.extend(topLevelFields),
    setMatchGraderSchema.extend(topLevelFields),
    commandGraderSchema.extend(topLevelFields),
    trajectoryGraderSchema.extend(topLevelFields),
    judgeVetoGraderSchema.extend(topLevelFields),
    multiGraderSchema,
  ])
  .superRefine((grader, context) => {
    for (const problem of graderProblems(grader)) context.addIssue({ code: "custom", ...problem });
  }, ALWAYS_CHECK);

/** See {@link graderSchema}. */
export type GraderSpec = z.output<typeof graderSchema>;

/** The `type` of any grader. */
export type GraderType = GraderSpec["type"];

interface GraderProblem {
  readonly path: string[];
  readonly message: string;
}

/** Rules that compare fields of one grader; they bear half-valid values. */
function graderProblems(grader: GraderSpec | SubGraderSpec): GraderProblem[] {
  switch (grader.type) {
    case "set_match":
      return betaProblems(grader);
    case "label_model":
      return labelProblems(grader);
    case "score_model":
      return rangeProblems(grader);
    case "judge_veto":
      return phraseProblems(grader);
    case "command":
      return assetProblems(grader);
    case "multi":
      return Object.entries(grader.graders ?? {}).flatMap(([name, sub]) =>
        graderProblems(sub).map(({ path, message }) => ({
          path: ["graders", name, ...path],
          message,
        })),
      );
    default:
      return [];
  }
}

function betaProblems(grader: z.output<typeof setMatchGraderSchema>): GraderProblem[] {
  const needed = grader.metric === "fbeta";
  if (needed === (grader.beta !== undefined)) return [];
  return [{ path: ["beta"], message: needed ? "is required by metric fbeta" : "belongs to metric fbeta" }];
}

function rangeProblems({ range }: z.output<typeof scoreModelGraderSchema>): GraderProblem[] {
  const [least, most] = Array.isArray(range) ? range : [0, 1];
  if (typeof least !== "number" || typeof most !== "number" || least < most) return [];
  return [{ path: ["range"], message: "must begin with the lesser number" }];
}

function phraseProblems({ phrases, categories }: z.output<typeof judgeVetoGraderSchema>): GraderProblem[] {
  if (!isJsonObject(phrases) || !Array.isArray(categories)) return [];
  return Object.keys(phrases)
    .filter((category) => !categories.includes(category))
    .map((category) => ({ path: ["phrases", category], message: "must be among `categories`" }));
}

function labelProblems(grader: z.output<typeof labelModelGraderSchema>): GraderProblem[] {
  if (!Array.isArray(grader.labels) || !Array.isArray(grader.passing_labels)) return [];
  const labels = grader.labels;
  return grader.passing_labels
    .filter((label) => !labels.includes(label))
    .map(() => ({ path: ["passing_labels"], message: "must be among `labels`" }));
}

function assetProblems(grader: z.output<typeof commandGraderSchema>): GraderProblem[] {
  if (grader.assets === undefined) return [];
  const given = [grader.assets?.path, grader.assets?.configMap].filter((source) => source !== undefined);
  return given.length === 1
    ? []
    : [{ path: ["assets"], message: "must have exactly one of path, configMap" }];
}
