import { RollyardError } from "../errors/rollyard-error.ts";
import { compileTemplate, renderText, templatePaths } from "../environment/templates.ts";
import type { GradeInput } from "./port.ts";

/** A grader's template, read once: from what is graded to text. Throws `template_error` for a missing item key. */
export type GraderText = (input: Pick<GradeInput, "item" | "sample">) => string;

const NAMESPACES: readonly string[] = ["item", "sample"];

/**
 * Compiles a grader's template over `item` and `sample`. A missing item key is the author's mistake and throws
 * `template_error` when rendered; a missing sample key is the model's, and renders as nothing.
 * Throws `template_error` for a template that can't be read or uses another namespace; `field` names it.
 */
export function compileGraderText(source: string, field: string): GraderText {
  const template = compileTemplate(source);
  for (const { namespace, text } of templatePaths(template)) {
    if (NAMESPACES.includes(namespace)) continue;
    throw new RollyardError("template_error", {
      message: `${field}: "${text}" is neither under item nor under sample.`,
      details: { field },
    });
  }
  return ({ item, sample }) => renderText(template, { item, sample }, { strict: ["item"] });
}
