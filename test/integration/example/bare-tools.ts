import { spawnSync } from "node:child_process";
import { renderExec } from "../../../src/environment/exec-tool.ts";
import type { RenderedExec } from "../../../src/environment/exec-tool.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import { validateArguments } from "../../../src/environment/validate-arguments.ts";
import type { ChatToolCall } from "../../../src/model/port.ts";

/**
 * The environment's tools, run in `folder` without a sandbox. The same call is run once only: the tools do not write,
 * and samples of one item ask for much the same.
 */
export function bareTools(environment: EnvironmentSpec, folder: string) {
  const tools = new Map(resolveTools(environment).map((tool) => [tool.name, tool]));
  const stored = new Map<string, string>();
  return {
    definitions: [...tools.values()].map(({ definition }) => ({
      type: "function" as const,
      function: definition,
    })),
    run: ({ function: call }: ChatToolCall): string => {
      const tool = tools.get(call.name);
      if (tool?.kind !== "exec") return `There is no tool named "${call.name}".`;
      const checked = validateArguments(tool, call.arguments);
      if (!checked.ok) return checked.problem;
      const rendered = renderExec(tool.exec, checked.arguments, {});
      if (!rendered.ok) return rendered.problem;
      const key = JSON.stringify(rendered.exec);
      const output = stored.get(key) ?? runCommand(rendered.exec, folder, environment.limits.outputBytes);
      stored.set(key, output);
      return output;
    },
  };
}

function runCommand({ argv, env }: RenderedExec, folder: string, outputBytes: number): string {
  const [command = "", ...rest] = argv;
  const { stdout, stderr, status } = spawnSync(command, rest, {
    cwd: folder,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
    input: "",
  });
  const shown = stdout.slice(0, outputBytes);
  return status === 0 && stderr === "" ? shown : `${shown}[stderr]\n${stderr}[exit code ${status ?? -1}]`;
}
