import type { LiveSecrets } from "../../config/live-secrets.ts";
import type { Snapshot } from "../../config/snapshot.ts";
import { compileItemMessages } from "../../environment/item-messages.ts";
import { resolveTools } from "../../environment/tool-definitions.ts";
import { needsAgentFiles } from "../../grader/needs-agent-files.ts";
import type { Clock } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { ChatMessage } from "../../model/port.ts";
import type { HttpToolCaller } from "../../rollout/tools/http-tool-caller.ts";
import { createToolRunner } from "../../rollout/tools/run-tool.ts";
import type { TraceSetup } from "../../trace/trace-setup.ts";

/** What all setups of one process share. */
export interface TraceSetupDeps {
  readonly http: HttpToolCaller;
  readonly clock: Clock;
}

/** Makes a served environment's snapshot ready for calls. Throws class config for one that can't be used. */
export function createTraceSetup(
  { environment }: Pick<Snapshot, "environment">,
  secrets: LiveSecrets,
  { http, clock }: TraceSetupDeps,
): TraceSetup {
  const tools = resolveTools(environment);
  const inSandbox = new Set(tools.flatMap(({ name, kind }) => (kind === "http" ? [] : [name])));
  const runTool = createToolRunner(tools, {
    clock,
    random: Math.random,
    http,
    secretHeaders: (ref) =>
      Object.fromEntries(
        Object.entries(secrets.current.all(ref)).map(([key, value]) => [key, value.reveal()]),
      ),
    headersRefused: () => secrets.refused(),
    outputBytes: environment.limits.outputBytes,
  });
  return {
    limits: environment.limits,
    runsInSandbox: (tool) => inSandbox.has(tool),
    gradingNeedsSandbox: needsAgentFiles(environment.grader),
    promptFor: promptOrNone(compileItemMessages(environment.prompt)),
    runTool,
  };
}

/** The trainer has the prompt: where a row does not tell it, the record goes without. */
function promptOrNone(promptFor: (item: JsonObject) => readonly ChatMessage[]): TraceSetup["promptFor"] {
  return (item) => {
    try {
      return promptFor(item);
    } catch {
      return [];
    }
  };
}
