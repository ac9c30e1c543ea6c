import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";

/** One whole answer of the simulated model. */
export interface ModelAnswerLine {
  /** When its request had come in, milliseconds since the Unix epoch. */
  readonly at: number;
  readonly rollout: number;
  /** Assistant turns in the request's history. */
  readonly turn: number;
  /** Number of this answer, sent as its completion tokens. */
  readonly id: number;
}

/** The model's own account of what it answered: written before the answer leaves, so that a kill loses no line. */
export class ModelLog {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  write(line: ModelAnswerLine): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All lines of a log; none for one that was never written. */
export function readModelLog(path: string): readonly ModelAnswerLine[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  // A process that was killed may have left half a line at the end of its life; the next one began a new line after it.
  return lines.flatMap((line) => parseOrNone(line));
}

function parseOrNone(line: string): readonly ModelAnswerLine[] {
  try {
    return [JSON.parse(line) as ModelAnswerLine];
  } catch {
    return [];
  }
}
