import { ERROR_CODES } from "./codes.ts";
import type { ErrorCode } from "./codes.ts";
import type { FailureClass } from "./failure-class.ts";

/** What a {@link RollyardError} may carry beside its code. */
export interface RollyardErrorOptions {
  /** A whole sentence for the user, saying what to change. Never prompts, outputs, items or keys. */
  readonly message?: string;
  /** Short facts for the outcome's evidence: exit code, HTTP status, path. Never prompts, outputs, items or keys. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  /**
   * What the environment's own setup wrote, cut short: for the outcome's evidence, in the records of the run alone.
   * Never of an agent, and never for a log, a metric or a message.
   */
  readonly setupOutput?: string;
  /** The foreign error that this one stands for. */
  readonly cause?: unknown;
}

/** The one error class: everything that a caller decides on follows from `code` by the table in codes.ts. */
export class RollyardError extends Error {
  override readonly name = "RollyardError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, string | number | boolean>>;
  readonly setupOutput: string | null;

  constructor(code: ErrorCode, options: RollyardErrorOptions = {}) {
    super(
      options.message ?? ERROR_CODES[code].message,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.details = options.details ?? {};
    this.setupOutput = options.setupOutput ?? null;
  }

  /** Who is to blame; decides retry and the metric label. */
  get failureClass(): FailureClass {
    return ERROR_CODES[this.code].failureClass;
  }

  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** The same error with more facts; those that it has stay as they are. */
export function withFacts(error: RollyardError, facts: RollyardError["details"]): RollyardError {
  const { code, message, cause, setupOutput } = error;
  const details = { ...facts, ...error.details };
  return new RollyardError(code, {
    message,
    details,
    cause,
    ...(setupOutput === null ? {} : { setupOutput }),
  });
}

/** Turns anything thrown into a {@link RollyardError}; what is unknown is `internal`, never somebody else's fault. */
export function toRollyardError(thrown: unknown): RollyardError {
  if (thrown instanceof RollyardError) return thrown;
  const kind = thrown instanceof Error ? thrown.name : typeof thrown;
  return new RollyardError("internal", { details: { kind }, cause: thrown });
}
