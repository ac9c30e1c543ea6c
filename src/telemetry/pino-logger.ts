import { destination, pino } from "pino";
import type { Logger as PinoLogger } from "pino";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { LogFields, Logger } from "../lib/logger.ts";

/** Where lines go and which. */
export interface LogOptions {
  /** A file, made with its folders and appended to; null for stdout. */
  readonly file: string | null;
  readonly level?: "debug" | "info" | "warn" | "error";
}

/** A logger that holds a file. */
export interface ClosableLogger extends Logger {
  /** Writes what is left and lets the file go. */
  close(): void;
}

/** A field's text is cut here: a log line holds facts, and a fact is short. */
const MAX_TEXT = 500;

/**
 * Logs JSON lines: `time` in ISO form, `level` as a word, `msg`, then the fields. Lines are written at once, so that a
 * process that is killed leaves all that it said; a full disk loses lines and nothing else. Throws `output_unwritable` when the file can't be opened.
 */
export function createPinoLogger(options: LogOptions): ClosableLogger {
  const stream = openStream(options.file);
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    ...toLogger(logger),
    close: () => {
      // What still ends in the background may log once more: that line is dropped, the process is not.
      logger.level = "silent";
      if (options.file !== null) stream.end();
    },
  };
}

function openStream(file: string | null): ReturnType<typeof destination> {
  try {
    const stream = destination({ dest: file ?? 1, sync: true, mkdir: file !== null });
    stream.on("error", () => undefined);
    return stream;
  } catch (cause) {
    throw new RollyardError("output_unwritable", { message: `The log ${file} can't be written.`, cause });
  }
}

function toLogger(logger: PinoLogger): Logger {
  return {
    debug: (message, fields) => logger.debug(bounded(fields), message),
    info: (message, fields) => logger.info(bounded(fields), message),
    warn: (message, fields) => logger.warn(bounded(fields), message),
    error: (message, fields) => logger.error(bounded(fields), message),
    child: (fields) => toLogger(logger.child(bounded(fields))),
  };
}

function bounded(fields: LogFields = {}): LogFields {
  const isLong = Object.values(fields).some((value) => typeof value === "string" && value.length > MAX_TEXT);
  if (!isLong) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value,
    ]),
  );
}
