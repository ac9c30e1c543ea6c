import { RollyardError } from "../errors/rollyard-error.ts";
import { compileTemplate, renderText, renderValue, templatePaths } from "../environment/templates.ts";
import type { RenderOptions } from "../environment/templates.ts";
import type { GradeInput } from "./port.ts";

/** What a grader's templates may use. */
export type GraderScope = Pick<GradeInput, "item" | "sample">;

/** A grader's template, read once. A missing key of `item` throws `template_error` when rendered. */
export interface GraderTemplate {
  /** As text; a missing key of `sample` is empty. */
  text(scope: GraderScope): string;
  /** As text, with this around each value of `sample`, and nothing around one of `item`. */
  markedText(scope: GraderScope, mark: (text: string) => string): string;
  /** What a template that is one whole path finds, undefined when `sample` lacks it; of any other its text. */
  value(scope: GraderScope): unknown;
}

const NAMESPACES: readonly string[] = ["item", "sample"];
const STRICT = { strict: ["item"] };

/**
 * Compiles a grader's template over `item` and `sample`. A missing item key is the author's mistake, a missing
 * sample key the model's. Throws `template_error`, naming the field, for a template that can't be read or uses
 * another namespace.
 */
export function compileGraderTemplate(source: string, field: string): GraderTemplate {
  const template = compileTemplate(source);
  for (const { namespace, text } of templatePaths(template)) {
    if (NAMESPACES.includes(namespace)) continue;
    throw new RollyardError("template_error", {
      message: `${field}: "${text}" is neither under item nor under sample.`,
      details: { field },
    });
  }
  return {
    text: ({ item, sample }) => renderText(template, { item, sample }, STRICT),
    markedText: ({ item, sample }, mark) => {
      const around: RenderOptions["around"] = (text, { namespace }) =>
        namespace === "sample" ? mark(text) : text;
      return renderText(template, { item, sample }, { ...STRICT, around });
    },
    value: ({ item, sample }) => renderValue(template, { item, sample }, STRICT),
  };
}
