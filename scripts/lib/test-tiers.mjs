/**
 * The tiers of tests, in one place: vitest.config.ts has a project for each. `isDaily`: `npm test` runs it also outside CI.
 * @type {readonly { readonly name: string, readonly isDaily: boolean }[]}
 */
export const TEST_TIERS = [
  { name: "unit", isDaily: true },
  { name: "simulation", isDaily: true },
  { name: "integration", isDaily: true },
  { name: "cluster", isDaily: false },
];
