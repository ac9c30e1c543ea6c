import type { Bus } from "../../../../src/bus/port.ts";
import { GraderService } from "../../../../src/grader/grader-service.ts";
import { GraderWaits } from "../../../../src/grader/grader-waits.ts";
import { noGraderMetrics } from "../../../../src/grader/metrics.ts";
import { silentLogger } from "../../../../src/lib/logger.ts";
import { endpointOf, GRADERS } from "../simulated-grading.ts";
import type { Running } from "../processes.ts";
import type { World } from "../world.ts";
import { noAgentFiles, noCleanSandbox } from "../../grader/no-sandbox.ts";

/** What of a world its graders need. */
export type GradingWorld = Pick<
  World,
  "schedule" | "clock" | "faults" | "ids" | "isPoison" | "indexOf" | "crash"
>;

/** Runs the real grader service in a simulated process, until it is drained. */
export async function runGrader(world: GradingWorld, running: Running, bus: Bus): Promise<void> {
  const { process } = running;
  const graderType = world.schedule.shape.grader;
  const grader = new GraderService({
    source: bus,
    store: bus,
    concurrency: 2,
    clock: process.clock,
    logger: silentLogger,
    metrics: noGraderMetrics,
    waits: new GraderWaits(silentLogger),
    endpointCaller: endpointOf(process, world.clock, world.faults),
    agentFilesFor: () => noAgentFiles,
    cleanSandboxFor: () => noCleanSandbox,
    nonce: () => world.ids.nonce(),
    loadSetup: async (ref) => {
      if (world.isPoison("grader", world.indexOf(ref))) world.crash(process, 100);
      await process.entered();
      const grader = GRADERS[graderType];
      return {
        environment: "env",
        graderType,
        grader,
        agentFilePaths: [],
        hasResponseFormat: false,
        timeLimitMs: 60_000,
      };
    },
  });
  const serving = grader.run();
  running.drain = async () => {
    grader.drain();
    await serving;
  };
  await serving;
}
