import { afterEach } from "vitest";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { fixedKey } from "../../../src/model/api-key.ts";
import type { ApiKey } from "../../../src/model/api-key.ts";
import { ModelRuntime } from "../../../src/model/model-runtime.ts";
import type { ModelRuntimeOptions } from "../../../src/model/model-runtime.ts";
import { createModelClient } from "../../../src/model/openai-client.ts";
import type { ModelClient, SampleRequest } from "../../../src/model/port.ts";
import { fastClock } from "./fast-clock.ts";
import { startMockModel } from "./mock-model.ts";
import type { MockModel } from "./mock-model.ts";
import type { MockScript } from "./mock-reply.ts";
import { modelSpec } from "./model-spec.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A mock model and a client of it; both end with the test. */
export interface ModelHarness {
  readonly model: MockModel;
  readonly client: ModelClient;
  readonly runtime: ModelRuntime;
}

/** Starts a mock model with this script and a client whose waits pass a hundred times faster. */
export async function startHarness(
  script: MockScript,
  fields: object = {},
  options: ModelRuntimeOptions & { readonly latencyMs?: number } = {},
): Promise<ModelHarness> {
  const model = await startMockModel({ script, latencyMs: options.latencyMs ?? 0 });
  const { client, runtime } = clientFor(model.baseURL, fields, options);
  closers.push(() => model.close());
  return { model, client, runtime };
}

/** A client of any URL; it ends with the test. */
export function clientFor(
  baseURL: string,
  fields: object = {},
  options: ModelRuntimeOptions & { readonly apiKey?: ApiKey } = {},
): { readonly client: ModelClient; readonly runtime: ModelRuntime } {
  const runtime = new ModelRuntime({ clock: fastClock(100), ...options });
  closers.push(() => runtime.close());
  const access = { spec: modelSpec(baseURL, fields), apiKey: options.apiKey ?? fixedKey(null) };
  return { client: createModelClient(access, runtime), runtime };
}

/** The error that a call ends with; fails when it ends otherwise. */
export async function errorOf(client: ModelClient, request: SampleRequest): Promise<RollyardError> {
  try {
    await client.sample(request);
  } catch (thrown) {
    if (thrown instanceof RollyardError) return thrown;
    throw thrown;
  }
  throw new Error("the call did not fail");
}
