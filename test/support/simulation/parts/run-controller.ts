import type { Bus } from "../../../../src/bus/port.ts";
import { JobRunner } from "../../../../src/job/job-runner.ts";
import type { RunEnd } from "../../../../src/job/job-runner.ts";
import { silentLogger } from "../../../../src/lib/logger.ts";
import { SandboxBroker } from "../../../../src/sandbox/broker.ts";
import { serveReleases } from "../../../../src/sandbox/sandbox-releases.ts";
import type { SimProcess } from "../sim-process.ts";
import type { World } from "../world.ts";
import { IDENTITY, jobOf, SANDBOX_SPEC, SIGNING_KEYS } from "../world-specs.ts";

/** As a local run: the real broker and planner in one process, whose end is the end of every sandbox. */
export async function runController(world: World, process: SimProcess, bus: Bus): Promise<void> {
  const broker = newBroker(world, process, bus);
  try {
    await broker.start();
    const end = await runJob({ world, process, bus, broker });
    process.isClosing = true;
    await broker.stop();
    world.controllerEnded(process, end);
  } catch {
    // A run whose bus is gone for good ends with an error; whoever runs it starts it again.
    world.crash(process, 1000);
  }
}

/** The one broker of a controller. */
export function newBroker(
  world: Pick<World, "schedule" | "farm" | "ids">,
  process: SimProcess,
  bus: Bus,
): SandboxBroker {
  const { warmReplicas, recovery } = world.schedule.shape;
  return new SandboxBroker({
    bus,
    launcher: world.farm.launcherOf(process),
    namespace: IDENTITY.namespace,
    environmentUid: IDENTITY.environmentUid,
    spec: { ...SANDBOX_SPEC, warmReplicas },
    localFolder: null,
    keys: SIGNING_KEYS,
    clock: process.clock,
    newId: () => world.ids.shortUid(),
    replacesLost: recovery === "replay",
    // So few that most are forgotten, and the outcomes are asked.
    keptReleases: 4,
  });
}

interface Session {
  readonly world: World;
  readonly process: SimProcess;
  readonly bus: Bus;
  readonly broker: SandboxBroker;
}

async function runJob({ world, process, bus, broker }: Session): Promise<RunEnd> {
  const counted = world.countAnew();
  const runner = new JobRunner(
    {
      bus,
      clock: process.clock,
      ids: world.ids,
      logger: silentLogger,
      signal: new AbortController().signal,
      onOutcome: (outcome) => {
        counted.push(outcome);
        const { place, attempt } = outcome.outcome;
        broker.release({ ...place, jobUid: IDENTITY.jobUid, attempt });
      },
    },
    jobOf(world.schedule.shape),
  );
  await serveReleases(bus, IDENTITY, (ref) => {
    broker.release(ref, ["agent"]);
    runner.released(ref);
  });
  world.interrupt = () => process.enter(() => runner.interrupt("job_interrupted"));
  return runner.run();
}
