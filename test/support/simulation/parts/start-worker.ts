import type { Bus } from "../../../../src/bus/port.ts";
import { silentLogger } from "../../../../src/lib/logger.ts";
import { noObserver } from "../../../../src/rollout/observer.ts";
import { Worker } from "../../../../src/rollout/worker.ts";
import { createBusClaims } from "../../../../src/sandbox/bus-claims.ts";
import { simulatedAgent } from "../simulated-agent.ts";
import type { Running } from "../processes.ts";
import type { World } from "../world.ts";

/** Starts the real worker in a simulated process. */
export async function startWorker(world: World, running: Running, bus: Bus): Promise<void> {
  const { process } = running;
  const { shape } = world.schedule;
  const setup = simulatedAgent(shape, world.model.clientOf(process), process);
  const worker = new Worker(
    {
      bus,
      clock: process.clock,
      ids: world.ids,
      logger: silentLogger,
      observer: {
        ...noObserver,
        rolloutAttached: (ref) => world.drivers.attached(process.name, world.indexOf(ref), ref.attempt),
        rolloutEnded: (ref) => world.drivers.ended(process.name, world.indexOf(ref)),
      },
      claims: createBusClaims(bus, process.clock, world.farm.sessionsOf(process)),
      setupFor: async () => setup,
    },
    { id: process.name, slots: shape.slots },
  );
  running.drain = () => worker.drain();
  await worker.start();
}
