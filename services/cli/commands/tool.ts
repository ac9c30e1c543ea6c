import { Option } from "commander";
import type { Command } from "commander";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { isJsonObject } from "../../../src/lib/json.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { CallReturn } from "../../../src/rollout/state.ts";
import { createToolRunner } from "../../../src/rollout/tools/run-tool.ts";
import type { SandboxSession } from "../../../src/sandbox/port.ts";
import { SANDBOX_CHOICES } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { withFreshSandbox } from "../try/fresh-sandbox.ts";
import { loadEnvironment } from "../try/load-environment.ts";

interface ToolFlags {
  readonly file: readonly string[];
  readonly secret: readonly string[];
  readonly item: string;
  readonly sandbox: SandboxChoice;
  readonly json: boolean;
}

const EXAMPLE = `
Example:
  rollyard tool -f environment.yaml search '{"pattern": "createServer"}'
`;

/** Adds `rollyard tool`: calls one tool in a fresh sandbox and prints what the model would see. Exit code 0, 1 or 2. */
export function registerTool(program: Command, io: CliIo): void {
  program
    .command("tool")
    .description("call one tool of an environment in a fresh sandbox; print what the model would see")
    .argument("<name>", "the tool")
    .argument("[arguments]", "its arguments as a JSON object", "{}")
    .requiredOption("-f, --file <file>", "YAML or JSON file with the Environment; may be repeated", collected)
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .option("--item <json>", "the dataset row, for tools whose `env` uses it", "{}")
    .addOption(new Option("--sandbox <kind>", "what isolates it").choices(SANDBOX_CHOICES).default("auto"))
    .option("--json", "print one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (name: string, argumentsJson: string, flags: ToolFlags) => {
      const { cwd, env } = io;
      const input = await loadEnvironment(flags.file, {
        cwd,
        env,
        secretFlags: flags.secret,
        secretsFor: { tool: name },
      });
      const called = await callTool({ name, argumentsJson, flags, input }, io);
      io.stdout(flags.json ? `${JSON.stringify(called)}\n` : endLine(called.output));
      if (called.result !== "ok") io.setExitCode(1);
    });
}

interface ToolTry {
  readonly name: string;
  readonly argumentsJson: string;
  readonly flags: ToolFlags;
  readonly input: EnvironmentInput;
}

async function callTool(given: ToolTry, io: CliIo): Promise<CallReturn> {
  const { input, flags } = given;
  const item = parseItem(flags.item);
  const { spec } = input.environment;
  const tool = resolveTools(spec).find((each) => each.name === given.name);
  if (tool?.kind === "http") return await runOne(given, item, null);
  const options = { spec: spec.sandbox, localFolder: input.localFolder, choice: flags.sandbox };
  return await withFreshSandbox(options, io, (session) => runOne(given, item, session));
}

async function runOne(
  { name, argumentsJson, input }: ToolTry,
  item: JsonObject,
  session: SandboxSession | null,
): Promise<CallReturn> {
  const { secrets } = input;
  const { spec } = input.environment;
  const http = new UndiciEndpointCaller();
  const runTool = createToolRunner(resolveTools(spec), {
    clock: systemClock,
    random: Math.random,
    http,
    secretHeaders: (ref) =>
      Object.fromEntries(Object.entries(secrets.all(ref)).map(([key, value]) => [key, value.reveal()])),
    outputBytes: spec.limits.outputBytes,
  });
  const calledAtMs = systemClock.nowMs();
  const call = { turn: 0, index: 0, callId: "try", name, argumentsJson, calledAtMs, returned: null };
  try {
    return await runTool({
      call,
      callId: "try/0/0/0",
      traceId: "trace_try",
      item,
      session,
      remainingMs: spec.limits.agentSeconds * 1000,
      signal: new AbortController().signal,
    });
  } finally {
    await http.close();
  }
}

function parseItem(text: string): JsonObject {
  try {
    const item: unknown = JSON.parse(text);
    if (isJsonObject(item)) return item;
  } catch {
    // Told below, as any other value that is no object.
  }
  throw new RollyardError("bad_input", { message: "--item is not a JSON object." });
}

function endLine(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
