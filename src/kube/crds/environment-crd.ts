import { environmentStatusSchema } from "../../environment/environment-status.ts";
import { environmentSpecSchema } from "../../environment/environment.ts";
import type { JsonObject } from "../../lib/json.ts";
import { ENVIRONMENT_KIND } from "../api-group.ts";
import { exactlyOneOf, withRules } from "./cel-rule.ts";
import type { CelRule } from "./cel-rule.ts";
import { changeAt } from "./change-at.ts";
import { crd, crdSchema, crdStatusSchema } from "./crd.ts";
import type { PrinterColumn } from "./crd.ts";
import { LIST_BY_NAME, LIST_BY_TYPE } from "./list-types.ts";

const BETA: CelRule = {
  rule: "self.type != 'set_match' || (has(self.metric) && self.metric == 'fbeta') == has(self.beta)",
  message: "beta is required by metric fbeta, and belongs to it",
  fieldPath: ".beta",
};

const ASSETS = exactlyOneOf(["path", "configMap"]);

/** Rules that compare fields, by the place whose value is `self`. Each is one of the zod schema's, said in CEL. */
const RULES: Readonly<Record<string, readonly CelRule[]>> = {
  prompt: [
    {
      rule: "size(self) == 0 || self[size(self) - 1].role == 'user'",
      message: "must end with a message of role user",
    },
  ],
  tools: [
    {
      // By places in one list of names: comparing each tool with each other takes the API server seconds.
      rule: "[self.filter(t, has(t.name)).map(t, t.name)].all(names, names.all(n, names.indexOf(n) == names.lastIndexOf(n)))",
      message: "every tool must have a name of its own",
    },
  ],
  "tools.[]": [
    exactlyOneOf(["exec", "http", "preset"]),
    { rule: "has(self.preset) || has(self.name)", message: "name is required", fieldPath: ".name" },
    ...["name", "description", "parameters", "strict"].map((field) => ({
      rule: `!has(self.preset) || !has(self.${field})`,
      message: "must not be given: the preset brings its own",
      fieldPath: `.${field}`,
    })),
  ],
  serve: [
    {
      rule: "!has(self.enabled) || !self.enabled || has(self.authSecret)",
      message: "authSecret is required: the Secret with the keys that a trainer may send",
      fieldPath: ".authSecret",
    },
  ],
  graderRuntime: [exactlyOneOf(["image", "venv"])],
  grader: [BETA],
  "grader.assets": [ASSETS],
  "grader.graders.{}": [BETA],
  "grader.graders.{}.assets": [ASSETS],
};

/** What `kubectl get` shows. */
const COLUMNS: readonly PrinterColumn[] = [
  { name: "Ready", type: "integer", jsonPath: ".status.ready", description: "Sandboxes that wait." },
  {
    name: "Starting",
    type: "integer",
    jsonPath: ".status.starting",
    description: "Sandboxes on their way.",
  },
  { name: "Leased", type: "integer", jsonPath: ".status.leased", description: "Sandboxes in use." },
  {
    name: "Traces",
    type: "integer",
    jsonPath: ".status.traces.live",
    description: "Traces of a hosted trainer that are under way.",
  },
  {
    name: "Reward",
    type: "number",
    jsonPath: ".status.reward.mean",
    description: "Mean reward of its traces.",
  },
  {
    name: "Failed",
    type: "integer",
    jsonPath: ".status.failed",
    description: "Sandboxes that did not start.",
  },
  {
    name: "Failures",
    type: "string",
    jsonPath: ".status.failures",
    description: "Failed traces by class.",
    priority: 1,
  },
  {
    name: "Warm",
    type: "integer",
    jsonPath: ".spec.sandbox.warmReplicas",
    description: "Sandboxes to keep ready.",
    priority: 1,
  },
  {
    name: "Image",
    type: "string",
    jsonPath: ".spec.sandbox.image",
    description: "The sandboxes' image.",
    priority: 1,
  },
  {
    name: "Age",
    type: "date",
    jsonPath: ".metadata.creationTimestamp",
    description: "Since its creation.",
  },
];

/** The CustomResourceDefinition of Environment. */
export function environmentCrd(): JsonObject {
  const spec = Object.entries(RULES).reduce(
    (schema, [path, rules]) => changeAt(schema, path, (place) => withRules(place, rules)),
    crdSchema(environmentSpecSchema),
  );
  const lists = changeAt(spec, "sandbox.imagePullSecrets", (place) => ({ ...place, ...LIST_BY_NAME }));
  // Its pattern says so too, but the estimate of what the rule for unique names costs does not read patterns.
  const sized = changeAt(lists, "tools.[].name", (place) => ({ ...place, maxLength: 64 }));
  return crd({
    kind: ENVIRONMENT_KIND,
    description: "What a task is: sandbox, tools, limits and grader.",
    spec: { ...sized, description: "What is wanted." },
    status: changeAt(crdStatusSchema(environmentStatusSchema), "conditions", (place) => ({
      ...place,
      ...LIST_BY_TYPE,
    })),
    scale: {
      specReplicasPath: ".spec.sandbox.warmReplicas",
      statusReplicasPath: ".status.replicas",
      labelSelectorPath: ".status.selector",
    },
    columns: COLUMNS,
  });
}
