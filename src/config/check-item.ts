import { compileImage } from "../environment/item-image.ts";
import { compileItemMessages } from "../environment/item-messages.ts";
import { valueAtPath } from "../environment/template-path.ts";
import { compileTemplate, renderValue, templatePaths } from "../environment/templates.ts";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { GraderSpec, SubGraderSpec } from "../grader/schema.ts";
import { graderTemplates } from "../grader/schema-templates.ts";
import { readSet } from "../grader/set-text.ts";
import type { JsonObject } from "../lib/json.ts";
import { pathText } from "../lib/schema/path-text.ts";

/** What is wrong with one row for an environment; names keys, never values. */
export type CheckItem = (item: JsonObject) => readonly string[];

/**
 * Compiles the check of rows against an environment whose own problems are solved: its messages can be made, its image is
 * named where it is the item's, and its grader finds each key of `item` that it names.
 */
export function compileItemCheck(spec: EnvironmentSpec): CheckItem {
  const messagesOf = compileItemMessages(spec.prompt);
  const needs = graderTemplates(spec.grader).flatMap(({ path, source }) =>
    templatePaths(compileTemplate(source))
      .filter(({ namespace }) => namespace === "item")
      .map(({ segments, text }) => ({ segments, text, field: pathText(["spec", "grader", ...path]) })),
  );
  const references = setReferences(spec.grader);
  const image = compileImage(spec.sandbox.image);
  return (item) => [
    ...messageProblems(() => messagesOf(item), item, spec),
    ...(image.kind === "fixed" ? [] : image.problems(item)),
    ...references.flatMap((isReadable) => isReadable(item)),
    ...needs
      .filter(({ segments }) => valueAtPath(item, segments) === undefined)
      .map(({ text, field }) => `lacks "${text}", which ${field} names`),
  ];
}

/** A `set_match` whose right answer can't be read would fail each of the row's rollouts at its very end. */
function setReferences(grader: GraderSpec | SubGraderSpec): CheckItem[] {
  if (grader.type === "multi") return Object.values(grader.graders).flatMap(setReferences);
  if (grader.type !== "set_match") return [];
  const template = compileTemplate(grader.reference);
  if (templatePaths(template).some(({ namespace }) => namespace !== "item")) return [];
  return [
    (item) =>
      readSet(renderValue(template, { item }) ?? "") === null
        ? [`has no readable set for grader "${grader.name}": neither a JSON array nor a list of lines`]
        : [],
  ];
}

function messageProblems(makeMessages: () => unknown, item: JsonObject, spec: EnvironmentSpec): string[] {
  if (spec.prompt === undefined && item["messages"] === undefined) {
    return ["has no `messages`, and the environment has no `prompt` to make them"];
  }
  try {
    makeMessages();
    return [];
  } catch (thrown) {
    const { message } = toRollyardError(thrown);
    return [spec.prompt === undefined ? message : `${message}, which spec.prompt names`];
  }
}
