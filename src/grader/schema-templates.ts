import { isJsonObject } from "../lib/json.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";

/** A template of a grader and its place, counted from the grader. */
export interface GraderTemplate {
  readonly path: ValuePath;
  readonly source: string;
}

/**
 * Every field of a grader, and of the graders inside it, that is a template over `item` and `sample`.
 * Bears a grader that is not valid, so that all of its problems can be told at once.
 */
export function graderTemplates(grader: unknown): readonly GraderTemplate[] {
  if (!isJsonObject(grader)) return [];
  const subs = isJsonObject(grader["graders"]) ? Object.entries(grader["graders"]) : [];
  return [
    ...textField(["input"], grader["input"]),
    ...textField(["reference"], grader["reference"]),
    ...messageFields(grader["input"]),
    ...subs.flatMap(([name, sub]) =>
      graderTemplates(sub).map(({ path, source }) => ({ path: ["graders", name, ...path], source })),
    ),
  ];
}

function textField(path: ValuePath, source: unknown): GraderTemplate[] {
  return typeof source === "string" ? [{ path, source }] : [];
}

function messageFields(messages: unknown): GraderTemplate[] {
  if (!Array.isArray(messages)) return [];
  return messages.flatMap((message: unknown, index) =>
    isJsonObject(message) ? contentFields(["input", index, "content"], message["content"]) : [],
  );
}

/** A text, a block, or a list of both. */
function contentFields(path: ValuePath, content: unknown): GraderTemplate[] {
  if (Array.isArray(content)) {
    return content.flatMap((block: unknown, index) => contentFields([...path, index], block));
  }
  if (!isJsonObject(content)) return textField(path, content);
  const { text, image_url: image, input_audio: audio } = content;
  return [
    ...textField([...path, "text"], text),
    ...textField([...path, "image_url"], image),
    ...(isJsonObject(audio) ? textField([...path, "input_audio", "data"], audio["data"]) : []),
  ];
}
