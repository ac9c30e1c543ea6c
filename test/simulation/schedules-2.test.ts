import { expect, it } from "vitest";
import { runSeeds, SEEDS_A_FILE } from "../support/simulation/run-seeds.ts";

it("keeps the promise on schedules from every corner, part 2 of 4", { timeout: 600_000 }, async () => {
  expect(await runSeeds(SEEDS_A_FILE + 1, SEEDS_A_FILE)).toEqual([]);
});
