/** Variable in which the set-up of the tier says why there is no Docker engine. */
export const NO_ENGINE = "ROLLYARD_TEST_NO_ENGINE";

/** Why there is no Docker engine for the tests; null when there is one. */
export function whyNoEngine(): string | null {
  return process.env[NO_ENGINE] ?? null;
}
