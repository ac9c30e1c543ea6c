import type { LogFields, Logger } from "../../../src/lib/logger.ts";

/** One line of a log. */
export type LogNote = readonly [
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: LogFields | undefined,
];

/** A logger that keeps its lines for a test to read. */
export function noteLogger(): { readonly logger: Logger; readonly notes: LogNote[] } {
  const notes: LogNote[] = [];
  const logger: Logger = {
    debug: (message, fields) => void notes.push(["debug", message, fields]),
    info: (message, fields) => void notes.push(["info", message, fields]),
    warn: (message, fields) => void notes.push(["warn", message, fields]),
    error: (message, fields) => void notes.push(["error", message, fields]),
    child: () => logger,
  };
  return { logger, notes };
}
