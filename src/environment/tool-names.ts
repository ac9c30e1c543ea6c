import { PRESETS } from "./presets.ts";
import type { ToolSpec } from "./tool-spec.ts";

/** The names under which the model sees one tool of the spec; none for one that is not valid yet. */
export function toolNames(tool: Pick<ToolSpec, "name" | "preset">): readonly string[] {
  if (tool.preset !== undefined) {
    const tools = Object.hasOwn(PRESETS, tool.preset) ? PRESETS[tool.preset] : [];
    return tools.map((presetTool) => presetTool.definition.name);
  }
  return tool.name === undefined ? [] : [tool.name];
}

/** Names that a later tool takes from an earlier one, with the later one's index. Bears half-valid specs. */
export function duplicateToolNames(tools: unknown): { readonly index: number; readonly name: string }[] {
  if (!Array.isArray(tools)) return [];
  const seen = new Set<string>();
  const duplicates: { index: number; name: string }[] = [];
  for (const [index, tool] of tools.entries()) {
    for (const name of toolNames(Object(tool) as ToolSpec)) {
      if (seen.has(name)) duplicates.push({ index, name });
      seen.add(name);
    }
  }
  return duplicates;
}
