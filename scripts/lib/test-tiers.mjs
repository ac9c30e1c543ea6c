/**
 * The tiers of tests, in one place: vitest.config.ts has a project for each. `isDaily`: `npm test` runs it also outside CI.
 * `isBeside`: it computes all the time, and runs beside the next, which mostly waits, with what that leaves of the processors.
 * @typedef {{ readonly name: string, readonly isDaily: boolean, readonly isBeside?: boolean }} TestTier
 * @type {readonly TestTier[]}
 */
export const TEST_TIERS = [
  { name: "unit", isDaily: true },
  { name: "simulation", isDaily: true, isBeside: true },
  { name: "integration", isDaily: true },
  { name: "cluster", isDaily: false },
];
