import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { canonicalJson } from "../../../src/lib/canonical-json.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import type { RolloutPlace } from "../../../src/rollout/ids.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import { unwritable } from "../run/unwritable.ts";

const FILE = "rows.txt";

/**
 * Numbers the dataset rows of a hosted trainer in the order in which they come: traces of equal rows are one group. What a folder
 * has is gone on from, so that a row keeps its number over sessions.
 */
export class RowNumbers {
  readonly #file: string;
  readonly #rows: Map<string, number>;
  /** Samples of each row so far. */
  readonly #samples = new Map<number, number>();

  /** `folder` is the run's, `privateFolder` that of what is no result. */
  constructor(folder: string, privateFolder: string) {
    this.#file = path.join(privateFolder, FILE);
    this.#rows = new Map(linesOf(this.#file).map((digest, index) => [digest, index]));
    for (const line of linesOf(path.join(folder, "results.jsonl"))) {
      const { item_index: row, sample_index: sample } = resultRecordSchema.parse(JSON.parse(line));
      this.#samples.set(row, Math.max(sample + 1, this.#samples.get(row) ?? 0));
    }
  }

  /** The place of the next trace of a row. Throws `output_unwritable`. */
  place(item: JsonObject): RolloutPlace {
    const itemIndex = this.#numberOf(item);
    const sampleIndex = this.#samples.get(itemIndex) ?? 0;
    this.#samples.set(itemIndex, sampleIndex + 1);
    return { itemIndex, sampleIndex };
  }

  #note(digest: string): void {
    try {
      appendFileSync(this.#file, `${digest}\n`);
    } catch (thrown) {
      throw unwritable(path.dirname(this.#file), thrown) ?? thrown;
    }
  }

  #numberOf(item: JsonObject): number {
    const digest = createHash("sha256").update(canonicalJson(item)).digest("hex");
    const known = this.#rows.get(digest);
    if (known !== undefined) return known;
    const number = this.#rows.size;
    this.#note(digest);
    this.#rows.set(digest, number);
    return number;
  }
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}
