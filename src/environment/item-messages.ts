import { z } from "zod";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { JsonObject } from "../lib/json.ts";
import { issueText } from "../lib/schema/issue-text.ts";
import { pathText } from "../lib/schema/path-text.ts";
import type { ValuePath } from "../lib/schema/path-text.ts";
import type { ChatMessage } from "../model/port.ts";
import type { PromptSpec } from "./prompt-spec.ts";
import { compileTemplate, renderText } from "./templates.ts";
import type { Template } from "./templates.ts";

const contentPartsSchema = z.array(z.looseObject({ type: z.string() })).min(1);

const givenMessageSchema = z.discriminatedUnion("role", [
  z.looseObject({
    role: z.enum(["system", "developer", "user"]),
    content: z.union([z.string(), contentPartsSchema]),
    name: z.string().optional(),
  }),
  z.looseObject({
    role: z.literal("assistant"),
    content: z.string().nullable().optional(),
    tool_calls: z
      .array(
        z.looseObject({
          id: z.string(),
          type: z.literal("function"),
          function: z.looseObject({ name: z.string(), arguments: z.string() }),
        }),
      )
      .optional(),
  }),
  z.looseObject({ role: z.literal("tool"), tool_call_id: z.string(), content: z.string() }),
]);

/** `messages` of a dataset row in OpenAI's form; the last one is the user's. Further keys are kept. */
export const rowMessagesSchema = z
  .array(givenMessageSchema)
  .min(1, "must hold at least one message")
  .refine((messages) => messages.at(-1)?.role === "user", "must end with a message of role user");

/** Makes the first messages of a rollout from a dataset row. */
export type ItemMessages = (item: JsonObject) => readonly ChatMessage[];

/**
 * How an environment turns a row into messages: by its prompt's templates, or else by the row's own `messages`.
 * Throws `template_error` for a template that can't be read. The returned function throws `template_error` for a
 * key that the row lacks and `dataset_invalid` for malformed messages; both name places, never values.
 */
export function compileItemMessages(prompt: PromptSpec | undefined): ItemMessages {
  if (prompt === undefined) return messagesOfRow;
  const templates = prompt.map(({ role, content }): [typeof role, Template] => [
    role,
    compileTemplate(content),
  ]);
  return (item) =>
    templates.map(([role, template]): ChatMessage => ({
      role,
      content: renderText(template, { item }, { strict: ["item"] }),
    }));
}

function messagesOfRow(item: JsonObject): readonly ChatMessage[] {
  const parsed = rowMessagesSchema.safeParse(item["messages"], { reportInput: true });
  if (parsed.success) return parsed.data as readonly ChatMessage[];
  const [issue] = parsed.error.issues;
  const at = pathText(["messages", ...((issue?.path ?? []) as ValuePath)]);
  throw new RollyardError("dataset_invalid", {
    message: `${at} ${issue === undefined ? "is not valid" : issueText(issue)}`,
  });
}
