import { modelSpecSchema } from "../../../src/job/model-spec.ts";
import type { ModelSpec } from "../../../src/job/model-spec.ts";
import type { SampleRequest } from "../../../src/model/port.ts";

/** A valid `spec.model` for this endpoint, with whatever a test sets. */
export function modelSpec(baseURL: string, fields: object = {}): ModelSpec {
  return modelSpecSchema.parse({ baseURL, name: "mock-1", ...fields });
}

/** The first call of a rollout, with whatever a test sets. */
export function sampleRequest(fields: Partial<SampleRequest> = {}): SampleRequest {
  return {
    history: [{ message: { role: "user", content: "Which file?" } }],
    tools: [],
    rolloutIndex: 0,
    remainingMs: 60_000,
    ...fields,
  };
}
