import { renderExec } from "../../environment/exec-tool.ts";
import type { ResolvedTool } from "../../environment/tool-definitions.ts";
import { validateArguments } from "../../environment/validate-arguments.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { SandboxSession } from "../../sandbox/port.ts";
import type { ToolRun, ToolRunner } from "../agent-setup.ts";
import type { CallReturn } from "../state.ts";
import { rejected } from "./call-return.ts";
import { runCommand } from "./run-command.ts";
import { runFileTool } from "./run-file-tool.ts";
import { runHttpTool } from "./run-http-tool.ts";
import type { ToolRunnerDeps } from "./tool-runner-deps.ts";

/**
 * The runner of an environment's tools. What the model did wrong comes back as a `rejected` return with a sentence;
 * the promise rejects for infrastructure only: class sandbox, tool, or config.
 */
export function createToolRunner(tools: readonly ResolvedTool[], deps: ToolRunnerDeps): ToolRunner {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  return async (run) => {
    const tool = byName.get(run.call.name);
    if (tool === undefined) return rejected(unknownTool(run.call.name, byName), deps.clock.nowMs());
    const checked = validateArguments(tool, run.call.argumentsJson);
    if (!checked.ok) return rejected(checked.problem, deps.clock.nowMs());
    return runChecked(tool, checked.arguments, { run, deps });
  };
}

interface RunContext {
  readonly run: ToolRun;
  readonly deps: ToolRunnerDeps;
}

async function runChecked(
  tool: ResolvedTool,
  args: JsonObject,
  { run, deps }: RunContext,
): Promise<CallReturn> {
  const { kind, timeoutSeconds } = tool;
  switch (kind) {
    case "http":
      return runHttpTool({ tool, args, run }, deps);
    case "exec": {
      const rendered = renderExec(tool.exec, args, run.item);
      if (!rendered.ok) return rejected(rendered.problem, deps.clock.nowMs());
      return runCommand({ timeoutSeconds, exec: rendered.exec, run, session: sessionOf(run) }, deps);
    }
    case "shell": {
      if (holdsNul(args, "command")) return rejected(NUL, deps.clock.nowMs());
      const argv = ["/bin/sh", "-c", textOf(args, "command")];
      return runCommand({ timeoutSeconds, exec: { argv }, run, session: sessionOf(run) }, deps);
    }
    default:
      if (holdsNul(args, "path") || holdsNul(args, "patch")) return rejected(NUL, deps.clock.nowMs());
      return runFileTool({ kind, timeoutSeconds, args, run, session: sessionOf(run) }, deps);
  }
}

const NUL = "The arguments contain a NUL character, which no command, path or patch can hold.";

function holdsNul(args: JsonObject, name: string): boolean {
  return textOf(args, name).includes("\0");
}

/** Arguments are checked against the tool's schema before: what is no text is absent. */
function textOf(args: JsonObject, name: string): string {
  const value = args[name];
  return typeof value === "string" ? value : "";
}

/** Whoever builds the setup claims a sandbox when any tool needs one: without it here the fault is ours. */
function sessionOf(run: ToolRun): SandboxSession {
  if (run.session !== null) return run.session;
  throw new RollyardError("internal", { details: { kind: "tool without a sandbox" } });
}

const MAX_SHOWN_NAME = 64;

function unknownTool(name: string, tools: ReadonlyMap<string, ResolvedTool>): string {
  const shown = name.length > MAX_SHOWN_NAME ? `${name.slice(0, MAX_SHOWN_NAME)}…` : name;
  const known = tools.size === 0 ? "There are no tools." : `Tools: ${[...tools.keys()].join(", ")}.`;
  return `There is no tool ${JSON.stringify(shown)}. ${known}`;
}
