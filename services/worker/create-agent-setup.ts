import { compileItemMessages } from "../../src/environment/item-messages.ts";
import type { EnvironmentSpec } from "../../src/environment/environment.ts";
import { resolveTools } from "../../src/environment/tool-definitions.ts";
import type { ResolvedTool } from "../../src/environment/tool-definitions.ts";
import { needsAgentFiles } from "../../src/grader/needs-agent-files.ts";
import { liveKey } from "../../src/config/live-key.ts";
import type { LiveSecrets } from "../../src/config/live-secrets.ts";
import type { Snapshot } from "../../src/config/snapshot.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { JsonObject } from "../../src/lib/json.ts";
import { createTextMask } from "../../src/lib/text-mask.ts";
import type { ModelSpec } from "../../src/job/model-spec.ts";
import type { ModelRuntime } from "../../src/model/model-runtime.ts";
import { fixedKey } from "../../src/model/api-key.ts";
import type { ApiKey } from "../../src/model/api-key.ts";
import { createModelClient } from "../../src/model/openai-client.ts";
import type { AgentSetup } from "../../src/rollout/agent-setup.ts";
import type { Recovery } from "../../src/rollout/recovery.ts";
import type { HttpToolCaller } from "../../src/rollout/tools/http-tool-caller.ts";
import { createToolRunner } from "../../src/rollout/tools/run-tool.ts";

/** What all setups of one process share. */
export interface AgentSetupDeps {
  readonly runtime: ModelRuntime;
  readonly http: HttpToolCaller;
  readonly clock: Clock;
}

/** Longest time that the expressions of `recovery.ignore` may take over one output: meanwhile nothing else runs. */
const MASK_LIMIT_MS = 250;

/** Makes a snapshot ready to drive rollouts. Throws class config for one that can't be used. */
export function createAgentSetup(snapshot: Snapshot, secrets: LiveSecrets, deps: AgentSetupDeps): AgentSetup {
  const { job, environment } = snapshot;
  const tools = resolveTools(environment);
  const runTool = createToolRunner(tools, {
    clock: deps.clock,
    random: Math.random,
    http: deps.http,
    secretHeaders: (ref) =>
      Object.fromEntries(
        Object.entries(secrets.current.all(ref)).map(([key, value]) => [key, value.reveal()]),
      ),
    headersRefused: () => secrets.refused(),
    outputBytes: environment.limits.outputBytes,
  });
  return {
    limits: environment.limits,
    samplesPerItem: job.samplesPerItem,
    tools: tools.map(({ definition }) => definition),
    needsSandbox: tools.some(({ kind }) => kind !== "http"),
    gradingNeedsSandbox: needsAgentFiles(environment.grader),
    recovery: recoveryOf(environment, tools),
    responseFormat: (environment.responseFormat ?? null) as JsonObject | null,
    promptFor: compileItemMessages(environment.prompt),
    model: createModelClient({ spec: job.model, apiKey: apiKeyOf(job.model, secrets) }, deps.runtime),
    runTool,
  };
}

function recoveryOf({ recovery }: EnvironmentSpec, tools: readonly ResolvedTool[]): Recovery {
  if (recovery.mode === "restart") return { kind: "restart" };
  const inSandbox = new Set(tools.flatMap(({ name, kind }) => (kind === "http" ? [] : [name])));
  return {
    kind: "replay",
    runsInSandbox: (tool) => inSandbox.has(tool),
    mask: createTextMask(recovery.ignore, MASK_LIMIT_MS),
  };
}

function apiKeyOf({ apiKeySecret }: ModelSpec, secrets: LiveSecrets): ApiKey {
  return apiKeySecret === undefined
    ? fixedKey(null)
    : liveKey(apiKeySecret, secrets, "spec.model.apiKeySecret");
}
