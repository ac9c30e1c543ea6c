/** Conditions that say what a job can't begin without. */
export const BLOCKING_CONDITIONS = [
  "SpecInvalid",
  "EnvironmentNotFound",
  "DatasetNotFound",
  "DatasetInvalid",
  "SecretNotFound",
] as const;

/** Why a job can't begin yet: one condition, with a stable reason, and a sentence that names what is missing or wrong. */
export interface Blocked {
  readonly kind: "blocked";
  readonly condition: (typeof BLOCKING_CONDITIONS)[number];
  readonly reason: string;
  readonly message: string;
}

/** Makes a {@link Blocked}. */
export function blocked(condition: Blocked["condition"], reason: string, message: string): Blocked {
  return { kind: "blocked", condition, reason, message };
}
