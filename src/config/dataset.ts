import { createHash } from "node:crypto";
import type { DatasetSpec } from "../job/dataset-spec.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import type { CheckItem } from "./check-item.ts";
import { openDataset } from "./dataset-source.ts";
import type { DatasetContext, OpenedDataset } from "./dataset-source.ts";
import { problemAt } from "./problem.ts";
import type { Problem } from "./problem.ts";
import { textLines } from "./text-lines.ts";

/** A dataset's items in order, and every problem; only without problems is it fit for a run. */
export interface LoadedDataset {
  readonly items: readonly JsonObject[];
  /** SHA-256 (hex) of the items, each as JSON on a line: the same rows have the same one from any source. */
  readonly sha256: string;
  readonly problems: readonly Problem[];
}

/** After this many bad rows the rest is only counted. */
const MAX_ROW_PROBLEMS = 100;

/**
 * Reads the dataset that `spec.dataset` of a job names, line by line, up to its `limit`, and checks each row.
 * Blank lines are no rows. Rows are named by their line, counted from 1. Never throws for bad input.
 */
export async function loadDataset(
  spec: DatasetSpec,
  checkItem: CheckItem,
  context: DatasetContext,
): Promise<LoadedDataset> {
  const opened = await openDataset(spec, context);
  const collected = new RowCollector(checkItem);
  if (opened.kind === "refused") {
    const problem = { path: ["spec", "dataset", opened.field], message: opened.message };
    return collected.finish([problemAt(context.source, problem)]);
  }
  for await (const row of rowsOf(opened, context)) {
    if (collected.rows >= (spec.limit ?? Number.POSITIVE_INFINITY)) break;
    collected.add(row);
  }
  if (collected.rows > 0) return collected.finish([]);
  return collected.finish([emptyProblem(opened, context)]);
}

/** A row that is not checked yet, and how to name it. */
interface Row {
  readonly value: unknown;
  readonly problem: (message: string) => Problem;
}

async function* rowsOf(
  opened: Exclude<OpenedDataset, { kind: "refused" }>,
  { source }: DatasetContext,
): AsyncGenerator<Row> {
  if (opened.kind === "rows") {
    for (const [index, value] of opened.rows.entries()) {
      const path = ["spec", "dataset", "inline", index];
      yield { value, problem: (message) => problemAt(source, { path, message }) };
    }
    return;
  }
  for await (const { line, text } of textLines(opened.chunks)) {
    if (text?.trim() === "") continue;
    const problem = (message: string): Problem => ({ file: opened.file, line, path: "", message });
    yield { value: text === undefined ? undefined : parseOrUndefined(text), problem };
  }
}

function emptyProblem(opened: OpenedDataset, { source }: DatasetContext): Problem {
  const message = "the dataset has no rows";
  if (opened.kind === "jsonl") return { file: opened.file, line: 1, path: "", message };
  return problemAt(source, { path: ["spec", "dataset"], message });
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class RowCollector {
  readonly #checkItem: CheckItem;
  readonly #items: JsonObject[] = [];
  readonly #problems: Problem[] = [];
  readonly #digest = createHash("sha256");
  #badRows = 0;
  rows = 0;

  constructor(checkItem: CheckItem) {
    this.#checkItem = checkItem;
  }

  add({ value, problem }: Row): void {
    this.rows += 1;
    const messages = this.#messagesFor(value);
    if (messages.length > 0) {
      this.#badRows += 1;
      if (this.#badRows <= MAX_ROW_PROBLEMS) this.#problems.push(...messages.map(problem));
      return;
    }
    this.#items.push(value as JsonObject);
    this.#digest.update(`${JSON.stringify(value)}\n`);
  }

  finish(problems: readonly Problem[]): LoadedDataset {
    const [first] = this.#problems;
    const more = this.#badRows - MAX_ROW_PROBLEMS;
    const rest =
      first === undefined || more <= 0
        ? []
        : [{ file: first.file, path: "", message: `${more} more rows can't be used` }];
    return {
      items: this.#items,
      sha256: this.#digest.digest("hex"),
      problems: [...problems, ...this.#problems, ...rest],
    };
  }

  #messagesFor(value: unknown): readonly string[] {
    if (value === undefined) return ["is not valid JSON"];
    if (!isJsonObject(value)) return ["must be a JSON object"];
    return this.#checkItem(value);
  }
}
