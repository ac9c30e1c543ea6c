import { assertNever } from "../../lib/assert-never.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { ChatMessage } from "../../model/port.ts";
import { compileGraderTemplate } from "../grader-template.ts";
import type { GraderScope } from "../grader-template.ts";
import type { AgentMarks } from "./agent-marks.ts";
import type { JudgeContentBlock, JudgeMessageSpec } from "../schema-judge-input.ts";

/**
 * Makes a judge's messages for one sample, with the marks around every piece of it. Throws `template_error` for a key that
 * the item lacks.
 */
export type RenderMessages = (scope: GraderScope, marks: AgentMarks) => readonly ChatMessage[];

/**
 * Compiles a grader's `input`. `developer` is sent as `system`, which every endpoint knows. Throws `template_error` for
 * a template that can't be read.
 */
export function compileJudgeMessages(input: readonly JudgeMessageSpec[]): RenderMessages {
  const messages = input.map(compileMessage);
  return (scope, marks) => messages.map((render) => render(scope, marks));
}

type Render<T> = (scope: GraderScope, marks: AgentMarks) => T;

function compileMessage({ role, content }: JudgeMessageSpec, index: number): Render<ChatMessage> {
  const field = `input[${index}].content`;
  const parts = [content].flat().map((block) => compileBlock(block, field));
  return (scope, marks) => {
    const rendered = parts.map((render) => render(scope, marks));
    switch (role) {
      case "assistant":
        return { role, content: textOf(rendered) };
      case "system":
      case "developer":
        return { role: "system", content: textOf(rendered) };
      case "user":
        return { role, content: rendered.every(isText) ? textOf(rendered) : [...rendered] };
      default:
        return assertNever(role);
    }
  };
}

/** A content part of chat completions. */
type Part = JsonObject & { readonly type: string };

function compileBlock(block: JudgeContentBlock, field: string): Render<Part> {
  if (typeof block === "string") return textPart(block, field);
  switch (block.type) {
    case "input_text":
    case "output_text":
      return textPart(block.text, field);
    case "input_image": {
      const url = compileGraderTemplate(block.image_url, field);
      const detail = block.detail === undefined ? {} : { detail: block.detail };
      return (scope) => ({ type: "image_url", image_url: { url: url.text(scope), ...detail } });
    }
    case "input_audio": {
      const audio = compileGraderTemplate(block.input_audio.data, field);
      const { format } = block.input_audio;
      return (scope) => ({ type: "input_audio", input_audio: { data: audio.text(scope), format } });
    }
    default:
      return assertNever(block);
  }
}

function textPart(source: string, field: string): Render<Part> {
  const template = compileGraderTemplate(source, field);
  return (scope, { mark }) => ({ type: "text", text: template.markedText(scope, mark) });
}

function isText(part: Part): part is Part & { readonly text: string } {
  return part.type === "text";
}

function textOf(parts: readonly Part[]): string {
  return parts
    .filter(isText)
    .map(({ text }) => text)
    .join("\n");
}

/**
 * The messages with an instruction of ours at the head: in the system message where they begin with one, for there are
 * endpoints that take a system message nowhere else.
 */
export function withInstruction(
  messages: readonly ChatMessage[],
  instruction: string,
): readonly ChatMessage[] {
  const [first, ...rest] = messages;
  if (first?.role === "system" && typeof first.content === "string") {
    return [{ ...first, content: `${first.content}\n\n${instruction}` }, ...rest];
  }
  return [{ role: "system", content: instruction }, ...messages];
}
