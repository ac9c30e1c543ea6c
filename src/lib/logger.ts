/** Fields of a log line: short facts and ids, never prompts, outputs, items or keys. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What every part logs through. Messages are constant, lower case. `info` is a transition, `debug` a steady state. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

/** Says nothing; for tests and for callers that have no place to log to. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
