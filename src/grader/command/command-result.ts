import { z } from "zod";
import { readJunit } from "./junit.ts";
import { TEST_OUTCOMES } from "./test-result.ts";

const doneSchema = z.object({
  state: z.literal("done"),
  tests: z.array(z.object({ id: z.string().max(1000), outcome: z.enum(TEST_OUTCOMES) })).max(100_000),
  score: z.number().optional(),
  metrics: z.record(z.string(), z.number()).default({}),
});

const resultSchema = z.discriminatedUnion("state", [
  doneSchema,
  z.object({ state: z.literal("failed"), kind: z.string().max(64), line: z.int32().nullable() }),
]);

/** What a command's result says. */
export type CommandResult = z.output<typeof resultSchema>;

/** Reads the signed body of a result: JSON, or JUnit's XML. Null when it is neither. */
export function readCommandResult(body: Uint8Array): CommandResult | null {
  const text = new TextDecoder().decode(body).trim();
  if (text.startsWith("<")) {
    const tests = readJunit(text);
    return tests === null ? null : { state: "done", tests: [...tests], metrics: {} };
  }
  try {
    const parsed = resultSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
