import type { JsonObject } from "../lib/json.ts";
import { compileTemplate, renderArgv, renderText } from "./templates.ts";
import type { Template, TemplateScope } from "./templates.ts";
import type { ToolSpec } from "./tool-spec.ts";

/** `exec` of a tool, with its templates read. */
export interface ExecTool {
  readonly argv: readonly Template[];
  readonly stdin?: Template;
  readonly cwd?: Template;
  readonly env: Readonly<Record<string, Template>>;
}

/** A command that is ready to run in a sandbox. `cwd` absent means the sandbox's workdir. */
export interface RenderedExec {
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Either a command, or one sentence for the model on why its arguments make none. */
export type ExecRendering =
  | { readonly ok: true; readonly exec: RenderedExec }
  | { readonly ok: false; readonly problem: string };

/** Reads the templates of `exec`. Throws `template_error` for one that can't be read. */
export function compileExec(spec: NonNullable<ToolSpec["exec"]>): ExecTool {
  const env = Object.entries(spec.env ?? {}).map(([name, source]): [string, Template] => [
    name,
    compileTemplate(source),
  ]);
  return {
    argv: spec.argv.map(compileTemplate),
    ...(spec.stdin === undefined ? {} : { stdin: compileTemplate(spec.stdin) }),
    ...(spec.cwd === undefined ? {} : { cwd: compileTemplate(spec.cwd) }),
    env: Object.fromEntries(env),
  };
}

/**
 * The command that a call's checked arguments make. Only `env` sees the item.
 * Arguments come from the model: what no process can be given (NUL, an empty command) is told back to it.
 */
export function renderExec(exec: ExecTool, args: JsonObject, item: JsonObject): ExecRendering {
  const scope: TemplateScope = { arguments: args };
  const argv = renderArgv(exec.argv, scope);
  const cwd = exec.cwd === undefined ? "" : renderText(exec.cwd, scope);
  const env = Object.entries(exec.env).map(([name, template]): [string, string] => [
    name,
    renderText(template, { ...scope, item }),
  ]);
  if (argv[0] === undefined || argv[0] === "") {
    return { ok: false, problem: "The arguments name no command." };
  }
  if ([...argv, cwd, ...env.map(([, text]) => text)].some((text) => text.includes("\0"))) {
    return { ok: false, problem: "The arguments contain a NUL character, which no command can take." };
  }
  return {
    ok: true,
    exec: {
      argv,
      ...(exec.stdin === undefined ? {} : { stdin: renderText(exec.stdin, scope) }),
      ...(cwd === "" ? {} : { cwd }),
      env: Object.fromEntries(env),
    },
  };
}
