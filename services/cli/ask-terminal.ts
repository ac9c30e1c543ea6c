import { createInterface } from "node:readline/promises";

/** Asks for a line on a terminal; null where there is none, or it ends. */
export async function askTerminal(
  { stdin, stderr }: Pick<NodeJS.Process, "stdin" | "stderr">,
  question: string,
): Promise<string | null> {
  if (!stdin.isTTY) return null;
  const lines = createInterface({ input: stdin, output: stderr });
  const ended = new AbortController();
  lines.once("close", () => ended.abort());
  try {
    return await lines.question(question, { signal: ended.signal });
  } catch {
    return null;
  } finally {
    lines.close();
  }
}
