import { e2eCommand } from "./e2e-tier.mjs";
import { withRunsc } from "./runsc-tier.mjs";

/**
 * The tiers of tests, in one place: vitest.config.ts has a project for each. `isDaily`: `npm test` runs it also outside CI.
 * `isBeside`: it computes all the time, and runs beside the next, which mostly waits, with what that leaves of the processors.
 * `prepare`: builds what it needs and says how it has to be run.
 * @typedef {{
 *   readonly name: string,
 *   readonly isDaily: boolean,
 *   readonly isBeside?: boolean,
 *   readonly prepare?: typeof e2eCommand,
 * }} TestTier
 * @type {readonly TestTier[]}
 */
export const TEST_TIERS = [
  { name: "unit", isDaily: true },
  { name: "simulation", isDaily: true, isBeside: true },
  { name: "integration", isDaily: true, prepare: withRunsc },
  { name: "cluster", isDaily: false },
  { name: "e2e", isDaily: false, prepare: e2eCommand },
];
