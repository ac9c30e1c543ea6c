import { createReadStream } from "node:fs";
import type { EnvironmentSpec } from "../environment/environment.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { isJsonObject } from "../lib/json.ts";
import { compileTrainingRow } from "../trainer/job/training-row.ts";
import { compileItemCheck } from "./check-item.ts";
import type { Problem } from "./problem.ts";
import { textLines } from "./text-lines.ts";

/** A dataset file as it goes to the platform. */
export interface TrainingFile {
  /** JSONL, each row with its messages and tools. */
  readonly text: string;
  readonly rows: number;
  /** Rows that had no messages or no tools of their own. */
  readonly filled: number;
  /** SHA-256-free identity of each row: its text. Rows of the validation file must not be among those of training. */
  readonly lines: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** How a file is read. */
export interface TrainingFileOptions {
  readonly spec: EnvironmentSpec;
  /** As it is shown. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** Most rows that the platform takes. */
  readonly maxRows: number;
}

/** Fewer rows are refused by Microsoft Foundry. */
const MIN_ROWS = 10;
const MAX_PROBLEMS = 20;

/** Reads and checks one dataset file of a fine-tuning job; every problem names its line. Throws `bad_input` when it can't be read. */
export async function readTrainingFile(options: TrainingFileOptions): Promise<TrainingFile> {
  const { spec, file, maxRows } = options;
  const checkItem = compileItemCheck(spec);
  const makeRow = compileTrainingRow(spec);
  const problems: Problem[] = [];
  const lines: string[] = [];
  const counts = { rows: 0, filled: 0 };
  for await (const { line, text } of linesOf(options)) {
    if (text?.trim() === "") continue;
    counts.rows += 1;
    const say = (message: string): Problem => ({ file, line, path: "", message });
    const item = parsed(text);
    if (!isJsonObject(item)) {
      problems.push(say(item === undefined ? "is not valid JSON" : "must be a JSON object"));
      continue;
    }
    const wrong = checkItem(item);
    problems.push(...wrong.map(say));
    if (wrong.length > 0) continue;
    const made = makeRow(item);
    problems.push(...made.problems.map(say));
    counts.filled += Number(made.isFilled);
    lines.push(JSON.stringify(made.row));
  }
  const text = lines.map((line) => `${line}\n`).join("");
  const all = [...countProblems(counts.rows, file, maxRows), ...shortened(problems, file)];
  return { text, ...counts, lines: new Set(lines), problems: all };
}

async function* linesOf({ file, path }: TrainingFileOptions): ReturnType<typeof textLines> {
  try {
    yield* textLines(createReadStream(path));
  } catch (cause) {
    throw new RollyardError("bad_input", { message: `${file} can't be read.`, cause });
  }
}

function countProblems(rows: number, file: string, maxRows: number): readonly Problem[] {
  const say = (message: string): Problem[] => [{ file, path: "", message }];
  if (rows > maxRows) return say(`has ${rows} rows; the platforms take ${maxRows} at most`);
  return rows < MIN_ROWS ? say(`has ${rows} rows; Microsoft Foundry takes no fewer than ${MIN_ROWS}`) : [];
}

function shortened(problems: readonly Problem[], file: string): readonly Problem[] {
  const more = problems.length - MAX_PROBLEMS;
  if (more <= 0) return problems;
  return [...problems.slice(0, MAX_PROBLEMS), { file, path: "", message: `has ${more} more problems` }];
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
