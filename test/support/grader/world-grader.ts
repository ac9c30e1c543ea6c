import { compileGrader } from "../../../src/grader/compile-grader.ts";
import { GraderService } from "../../../src/grader/grader-service.ts";
import { GraderWaits } from "../../../src/grader/grader-waits.ts";
import { noGraderMetrics } from "../../../src/grader/metrics.ts";
import type { Grader } from "../../../src/grader/port.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import type { WorkerWorld } from "../rollout/worker-world.ts";
import { noAgentFiles, noCleanSandbox } from "./no-sandbox.ts";

/** Gives 1 to the answer "done". */
export const DONE_GRADER = compileGrader(
  {
    type: "string_check",
    name: "any",
    operation: "eq",
    input: "{{ sample.output_text }}",
    reference: "done",
  },
  { passThreshold: 1 },
);

/** A grader process of a {@link WorkerWorld}. */
export interface WorldGrader {
  readonly service: GraderService;
  isDead(): boolean;
}

/** Starts one; `kill` leaves nothing of it. */
export function startWorldGrader(
  world: WorkerWorld,
  name: string,
  grade: (kill: () => void) => Grader["grade"] = () => DONE_GRADER.grade.bind(DONE_GRADER),
): WorldGrader {
  const client = world.bus.connect(name);
  let isDead = false;
  const kill = (): void => {
    isDead = true;
    client.kill();
    service.drain();
  };
  const service: GraderService = new GraderService({
    source: client,
    store: client,
    concurrency: 32,
    clock: world.clock,
    logger: silentLogger,
    metrics: noGraderMetrics,
    endpointCaller: { post: () => Promise.reject(new Error("no endpoint")) },
    agentFilesFor: () => noAgentFiles,
    cleanSandboxFor: () => noCleanSandbox,
    waits: new GraderWaits(silentLogger),
    nonce: () => randomIds.nonce(),
    loadSetup: async () => ({
      environment: "env",
      graderType: "string_check",
      grader: { grade: grade(kill) },
      agentFilePaths: [],
      hasResponseFormat: false,
      timeLimitMs: 60_000,
    }),
  });
  void service.run();
  return { service, isDead: () => isDead };
}
