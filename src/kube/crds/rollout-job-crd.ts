import { DATASET_SOURCES } from "../../job/dataset-spec.ts";
import { rolloutJobStatusSchema } from "../../job/rollout-job-status.ts";
import { MUTABLE_JOB_FIELDS, rolloutJobSpecSchema } from "../../job/rollout-job.ts";
import type { JsonObject } from "../../lib/json.ts";
import { ROLLOUT_JOB_KIND } from "../api-group.ts";
import { exactlyOneOf, unchangeable, withRules } from "./cel-rule.ts";
import { changeAt } from "./change-at.ts";
import { crd, crdSchema, crdStatusSchema } from "./crd.ts";
import type { PrinterColumn } from "./crd.ts";
import { LIST_BY_TYPE } from "./list-types.ts";

const FIXED_MESSAGE =
  "can't be changed: the rollouts that exist were made with it; create another RolloutJob";

/** Fields of `spec` that keep the value they were created with. */
const FIXED_FIELDS = Object.keys(rolloutJobSpecSchema.shape).filter(
  (field) => !(MUTABLE_JOB_FIELDS as readonly string[]).includes(field),
);

/** What `kubectl get` shows. */
const COLUMNS: readonly PrinterColumn[] = [
  {
    name: "Total",
    type: "integer",
    jsonPath: ".status.rollouts.total",
    description: "Rollouts of the job.",
  },
  {
    name: "Active",
    type: "integer",
    jsonPath: ".status.rollouts.active",
    description: "Rollouts under way.",
  },
  {
    name: "Graded",
    type: "integer",
    jsonPath: ".status.rollouts.graded",
    description: "Ended with a reward.",
  },
  {
    name: "Failed",
    type: "integer",
    jsonPath: ".status.rollouts.failed",
    description: "Ended without one.",
  },
  {
    name: "Reward",
    type: "number",
    jsonPath: ".status.reward.mean",
    description: "Mean over graded rollouts.",
  },
  {
    name: "Environment",
    type: "string",
    jsonPath: ".spec.environmentRef.name",
    description: "The Environment.",
    priority: 1,
  },
  {
    name: "Age",
    type: "date",
    jsonPath: ".metadata.creationTimestamp",
    description: "Since its creation.",
  },
];

/** The CustomResourceDefinition of RolloutJob. */
export function rolloutJobCrd(): JsonObject {
  const fixed = FIXED_FIELDS.map((field) => unchangeable(field, FIXED_MESSAGE));
  const spec = withRules(crdSchema(rolloutJobSpecSchema), fixed);
  return crd({
    kind: ROLLOUT_JOB_KIND,
    description: "The rollouts of one environment over one dataset with one model.",
    spec: {
      ...changeAt(spec, "dataset", (place) =>
        withRules(place, [
          exactlyOneOf(DATASET_SOURCES),
          {
            rule: "has(self.url) == has(self.sha256)",
            message: "sha256 is required beside url, and belongs to it",
            fieldPath: ".sha256",
          },
        ]),
      ),
      description: "What is wanted.",
    },
    status: changeAt(crdStatusSchema(rolloutJobStatusSchema), "conditions", (place) => ({
      ...place,
      ...LIST_BY_TYPE,
    })),
    selectableFields: [".spec.environmentRef.name"],
    columns: COLUMNS,
  });
}
