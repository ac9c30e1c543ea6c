import { RollyardError } from "../errors/rollyard-error.ts";
import type { SecretRef } from "../lib/schema/secret-ref.ts";
import type { JsonObject } from "../lib/json.ts";
import type { FunctionTool } from "../model/port.ts";
import type { EnvironmentSpec } from "./environment.ts";
import { compileExec } from "./exec-tool.ts";
import type { ExecTool } from "./exec-tool.ts";
import { compileJsonSchema } from "./json-schema.ts";
import type { CompiledJsonSchema } from "./json-schema.ts";
import { PRESETS } from "./presets.ts";
import type { PresetTool, PresetToolKind } from "./presets.ts";
import type { ToolSpec } from "./tool-spec.ts";

interface ResolvedToolBase {
  readonly name: string;
  /** What the model is told. */
  readonly definition: FunctionTool;
  readonly argumentsSchema: CompiledJsonSchema;
  /** Most seconds of one call. */
  readonly timeoutSeconds: number;
}

/** A tool of an environment, ready to be called: presets are expanded, templates and schemas are read. */
export type ResolvedTool =
  | (ResolvedToolBase & { readonly kind: "exec"; readonly exec: ExecTool })
  | (ResolvedToolBase & {
      readonly kind: "http";
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly headersSecret?: SecretRef;
    })
  | (ResolvedToolBase & { readonly kind: PresetToolKind });

/** The schema of a tool that takes no arguments. */
const NO_PARAMETERS: JsonObject = { type: "object", properties: {}, additionalProperties: false };

/**
 * The tools of an environment in the order that the model sees them.
 * Throws `tool_config_error` or `template_error` for a spec that validation would have refused.
 */
export function resolveTools(
  environment: Pick<EnvironmentSpec, "tools" | "limits">,
): readonly ResolvedTool[] {
  const { toolSeconds } = environment.limits;
  return environment.tools.flatMap((tool) =>
    tool.preset === undefined
      ? [resolveNamed(tool, toolSeconds)]
      : PRESETS[tool.preset].map((presetTool) => resolvePreset(presetTool, toolSeconds)),
  );
}

/** The `parameters` that the model is told for a tool of one's own. */
export function parametersOf(tool: Pick<ToolSpec, "parameters">): JsonObject {
  return (tool.parameters as JsonObject | undefined) ?? NO_PARAMETERS;
}

function resolveNamed(tool: ToolSpec, toolSeconds: number): ResolvedTool {
  const { exec, http } = tool;
  if (exec !== undefined) {
    const base = baseOf(tool, exec.timeoutSeconds ?? toolSeconds);
    return { ...base, kind: "exec", exec: compileExec(exec) };
  }
  if (http === undefined) {
    throw new RollyardError("tool_config_error", { message: "A tool has neither exec nor http nor preset." });
  }
  const { url, headers = {}, headersSecret } = http;
  return {
    ...baseOf(tool, http.timeoutSeconds ?? toolSeconds),
    kind: "http",
    url,
    headers,
    ...(headersSecret === undefined ? {} : { headersSecret }),
  };
}

function baseOf(tool: ToolSpec, timeoutSeconds: number): ResolvedToolBase {
  const { name, description, strict } = tool;
  if (name === undefined) {
    throw new RollyardError("tool_config_error", { message: "A tool has no name." });
  }
  const parameters = parametersOf(tool);
  const definition = {
    name,
    ...(description === undefined ? {} : { description }),
    parameters,
    ...(strict === undefined ? {} : { strict }),
  };
  return { name, definition, argumentsSchema: compileJsonSchema(parameters), timeoutSeconds };
}

function resolvePreset({ kind, definition }: PresetTool, timeoutSeconds: number): ResolvedTool {
  return {
    kind,
    name: definition.name,
    definition,
    argumentsSchema: compileJsonSchema(definition.parameters ?? NO_PARAMETERS),
    timeoutSeconds,
  };
}
