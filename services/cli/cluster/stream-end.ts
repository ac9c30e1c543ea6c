import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { printable } from "../../../src/trajectory/plain-text.ts";
import type { CliIo } from "../cli-io.ts";

/** Tells what stands between the lines: how the job ended, or what it waits for, once. Throws `job_not_found` for one that is gone. */
export class StreamTeller {
  readonly #io: Pick<CliIo, "stderr">;
  #waiting = "";

  constructor(io: Pick<CliIo, "stderr">) {
    this.#io = io;
  }

  /** Whether it was such a line. */
  take(line: JsonObject): boolean {
    if (line["type"] === "gone") {
      throw new RollyardError("job_not_found", {
        message: "The job was deleted, and its results with it.",
      });
    }
    if (line["type"] === "wait") this.#wait(line);
    if (line["type"] === "end") this.#end(line);
    return line["type"] === "wait" || line["type"] === "end";
  }

  /** A connection was lost. */
  lost(message: string): void {
    this.#io.stderr(`${message} Trying again …\n`);
  }

  #wait(line: JsonObject): void {
    const held = listOrEmpty(line["conditions"])
      .map(objectOrEmpty)
      .filter(({ type }) => type !== "Progressing");
    const text = held.map(({ type, reason, message }) => sentence(type, reason, message)).join("\n");
    if (text !== "" && text !== this.#waiting) this.#io.stderr(`${text}\n`);
    this.#waiting = text;
  }

  #end(line: JsonObject): void {
    if (line["ended"] !== true) return;
    this.#io.stderr(`${sentence(line["condition"], line["reason"], line["message"])}\n`);
  }
}

function sentence(...[type, reason, message]: readonly unknown[]): string {
  const text = (value: unknown): string => textOrUndefined(value) ?? "";
  return printable(`${text(type)} (${text(reason)}): ${text(message)}`);
}
