import { SandboxFarm } from "./sandbox-farm.ts";
import type { FarmParts } from "./sandbox-farm.ts";
import { sweepAsStaleLeader } from "./stale-sweep.ts";
import type { World } from "./world.ts";

/** The sandboxes of a world, of which a stale leader sweeps those that its faults name. */
export function sweptFarm(
  world: Pick<World, "clock" | "random" | "faults" | "bus" | "farm" | "sweepsUnasked">,
  watcher: FarmParts["watcher"],
): SandboxFarm {
  const { clock, random, faults } = world;
  return new SandboxFarm({
    clock,
    random,
    faults,
    watcher,
    onUp: (sandbox) => {
      const sweep = faults.nextSweep();
      if (sweep !== null) void sweepAsStaleLeader(world, sandbox, sweep);
    },
  });
}
