import { stringify } from "yaml";
import type { JsonObject } from "../../lib/json.ts";
import { API_GROUP, ENVIRONMENT_KIND, ROLLOUT_JOB_KIND } from "../api-group.ts";
import { environmentCrd } from "./environment-crd.ts";
import { rolloutJobCrd } from "./rollout-job-crd.ts";

/** The CRDs of both kinds: file name → object. */
export function crdDocuments(): ReadonlyMap<string, JsonObject> {
  return new Map([
    [`${API_GROUP}_${ENVIRONMENT_KIND.plural}.yaml`, environmentCrd()],
    [`${API_GROUP}_${ROLLOUT_JOB_KIND.plural}.yaml`, rolloutJobCrd()],
  ]);
}

/** Objects as one YAML text that `kubectl apply -f -` reads. */
export function yamlDocuments(documents: Iterable<JsonObject>): string {
  // A pattern that was wrapped can't be found by those who look for it.
  const texts = [...documents].map((document) =>
    stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  return texts.join("---\n");
}
