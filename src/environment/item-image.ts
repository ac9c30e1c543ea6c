import { valueAtPath } from "./template-path.ts";
import { compileTemplate, renderText, templatePaths } from "./templates.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { JsonObject } from "../lib/json.ts";

/** `sandbox.image` of an environment: one for all rollouts, or made from each one's item. */
export type ItemImage =
  | { readonly kind: "fixed"; readonly image: string | undefined }
  | {
      readonly kind: "item";
      /** What keeps a row from having an image; names keys, never values. */
      readonly problems: (item: JsonObject) => readonly string[];
      readonly imageOf: (item: JsonObject) => string;
    };

/** Rows come from anywhere: none may name an option of a program that starts images. */
const IMAGE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/u;

/** Reads it. A text that is no template stands for itself. */
export function compileImage(image: string | undefined): ItemImage {
  if (image === undefined || !image.includes("{{")) return { kind: "fixed", image };
  try {
    const template = compileTemplate(image);
    const paths = templatePaths(template);
    const imageOf = (item: JsonObject): string => renderText(template, { item });
    const problems = (item: JsonObject): readonly string[] => {
      const absent = paths.find(
        ({ namespace, segments }) => namespace !== "item" || typeof valueAtPath(item, segments) !== "string",
      );
      if (absent !== undefined) return [`lacks the text "${absent.text}", which spec.sandbox.image names`];
      return IMAGE_NAME.test(imageOf(item)) ? [] : ["gives spec.sandbox.image no name of an image"];
    };
    return { kind: "item", problems, imageOf };
  } catch (thrown) {
    const { message } = toRollyardError(thrown);
    return {
      kind: "item",
      problems: () => [`can't have an image: spec.sandbox.image ${message}`],
      imageOf: () => "",
    };
  }
}
