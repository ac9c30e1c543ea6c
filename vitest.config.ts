import { defineConfig } from "vitest/config";

/** Test tiers of docs/architecture.md: unit tests stand beside the code, the other tiers under test/. */
export default defineConfig({
  test: {
    // Vitest leaves one core idle; on two, that is half of the machine.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["{src,examples,services,scripts}/**/*.test.ts", "test/*.test.ts"],
        },
      },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], testTimeout: 120_000 } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/support/docker/engine-setup.ts"],
          // Only an end to a test that hangs: on a machine that is busy otherwise, seconds become minutes.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Most of it waits: for timeouts, restarts, beats.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          globalSetup: ["test/support/cluster/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
