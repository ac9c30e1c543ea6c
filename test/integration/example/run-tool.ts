import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";

type Arguments = Readonly<Record<string, unknown>>;

const run = promisify(execFile);
const WHOLE = /^\{\{ arguments\.(\w+) \}\}$/;
const INSIDE = /\{\{ arguments\.(\w+) \}\}/g;

/** Runs a tool of the example in `folder`, without a sandbox, and gives the text that a model would see. */
export async function runTool(spec: EnvironmentSpec, folder: string, call: { name: string; arguments: string }) {
  const tool = spec.tools.find(({ name }) => name === call.name);
  if (tool?.exec === undefined) return `There is no tool named ${call.name}.`;
  let values: Arguments;
  try {
    values = JSON.parse(call.arguments) as Arguments;
  } catch {
    return "The arguments are not JSON.";
  }
  const [command = "", ...rest] = tool.exec.argv.flatMap((element) => expand(element, values));
  try {
    const { stdout } = await run(command, rest, { cwd: folder, maxBuffer: 1 << 28 });
    return stdout.slice(0, spec.limits.outputBytes);
  } catch (error) {
    const { stdout = "", stderr = "", code } = error as { stdout?: string; stderr?: string; code?: number };
    return `${stdout}[stderr]\n${stderr}[exit code ${code ?? "unknown"}]`;
  }
}

function expand(element: string, values: Arguments): readonly string[] {
  const name = WHOLE.exec(element)?.[1];
  if (name !== undefined) return values[name] === undefined ? [] : [String(values[name])];
  return [element.replaceAll(INSIDE, (_, key: string) => String(values[key] ?? ""))];
}
