import { defineConfig } from "vitest/config";

/** Vitest's own patience with a state that a test polls for is a second: less than a process may take to be scheduled at all. */
const POLLING = { poll: { timeout: 60_000 } };

/**
 * Test tiers of docs/architecture.md: unit tests stand beside the code, the other tiers under test/. Time limits only end tests
 * that hang: on a machine that is busy otherwise, seconds become minutes.
 */
export default defineConfig({
  test: {
    // Vitest leaves one core idle; on two, that is half of the machine.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          expect: POLLING,
          include: ["{src,examples,services,scripts}/**/*.test.ts", "test/*.test.ts"],
          testTimeout: 60_000,
          // No module holds state, and none is mocked: loading all of them anew for each file took most of the tier's time.
          isolate: false,
        },
      },
      {
        test: {
          name: "simulation",
          expect: POLLING,
          include: ["test/simulation/**/*.test.ts"],
          // It has what the integration tier beside it leaves of the machine.
          testTimeout: 600_000,
          // It makes and drops a world each few milliseconds.
          execArgv: ["--max-semi-space-size=32"],
        },
      },
      {
        test: {
          name: "integration",
          expect: POLLING,
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/support/docker/engine-setup.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Each file waits most of its time: for timeouts, restarts, beats.
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: "cluster",
          expect: POLLING,
          include: ["test/cluster/**/*.test.ts"],
          globalSetup: ["test/support/cluster/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "e2e",
          expect: POLLING,
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/support/node/e2e-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
