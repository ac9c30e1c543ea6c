import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";

/** Calls that the remote tool has run, by their idempotency keys. */
export class ToolMemory {
  readonly #file: string;
  readonly #answers = new Map<string, string>();

  constructor(file: string) {
    this.#file = file;
    // What an earlier life of the process ran.
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    for (const [key = "", mark] of lines.map((line) => line.split(" "))) {
      if (mark !== undefined) this.#answers.set(key, `noted ${mark}`);
    }
  }

  /** The call's answer; it runs when the key is new. */
  run(key: string, mark: string): string {
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const answer = `noted ${mark}`;
    appendFileSync(this.#file, `${key} ${mark}\n`);
    this.#answers.set(key, answer);
    return answer;
  }
}

/** A remote tool by the Agent RFT contract, delivered at least once: a repeated key gets its first answer. */
export function answerTool(
  call: { readonly body: string; readonly key: string; readonly memory: ToolMemory },
  response: ServerResponse,
): void {
  const { arguments: text, call_id } = JSON.parse(call.body) as {
    readonly arguments: string;
    readonly call_id: string;
  };
  const { mark = "audit" } = JSON.parse(text) as { readonly mark?: string };
  const output = call.memory.run(call.key, mark);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ type: "function_call_output", call_id, output, id: `out_${call_id}` }));
}
