import type { Bus } from "../../src/bus/port.ts";
import { ClaimedAgentFiles } from "../../src/grader/claimed-agent-files.ts";
import { ClaimedCleanSandbox } from "../../src/grader/claimed-clean-sandbox.ts";
import { GraderGates } from "../../src/grader/grader-gates.ts";
import type { ConfiguredLimits } from "../../src/grader/grader-limits.ts";
import { GraderWaits } from "../../src/grader/grader-waits.ts";
import { GraderService } from "../../src/grader/grader-service.ts";
import type { GraderMetrics } from "../../src/grader/metrics.ts";
import { UndiciEndpointCaller } from "../../src/grader-http/undici-endpoint-caller.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { Logger } from "../../src/lib/logger.ts";
import { ModelRuntime } from "../../src/model/model-runtime.ts";
import { randomIds } from "../../src/rollout/ids.ts";
import { createBusClaims } from "../../src/sandbox/bus-claims.ts";
import type { ModelMetrics } from "../../src/telemetry/metrics-port.ts";
import { snapshotGraderSetups } from "./load-grader-setup.ts";

/** What a grader process is made of. */
export interface GraderParts {
  readonly bus: Bus;
  /** Gradings at once. */
  readonly concurrency: number;
  /** Limits of graders; none by default. */
  readonly limits?: ConfiguredLimits;
  /** How long a drain lets running gradings go on; default 30 s. */
  readonly drainMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GraderMetrics;
}

/** A grader that pulls. */
export interface RunningGrader {
  /** Takes no more, ends or gives back what it has, and closes its connections to endpoints and judges. The bus stays open. */
  stop(): Promise<void>;
}

/** Composes a grader over a bus and starts it. */
export function startGrader(parts: GraderParts): RunningGrader {
  const { bus, clock, logger, metrics, concurrency, limits, drainMs } = parts;
  const endpointCaller = new UndiciEndpointCaller(clock);
  const runtime = new ModelRuntime({ clock, logger, metrics: judgeMetrics(metrics) });
  const stopping = new AbortController();
  const claims = createBusClaims(bus, clock);
  const service = new GraderService({
    source: bus,
    store: bus,
    concurrency,
    ...(drainMs === undefined ? {} : { drainMs }),
    clock,
    logger,
    metrics,
    endpointCaller,
    loadSetup: snapshotGraderSetups({
      bus,
      gates: new GraderGates(limits),
      clock,
      stopping: stopping.signal,
      runtime,
    }),
    waits: new GraderWaits(logger),
    agentFilesFor: (wanted) => new ClaimedAgentFiles(wanted, claims),
    cleanSandboxFor: (task) => new ClaimedCleanSandbox(task, claims),
    nonce: () => randomIds.nonce(),
  });
  const running = service.run();
  return {
    stop: async () => {
      service.drain();
      stopping.abort();
      await running;
      await Promise.all([endpointCaller.close(), runtime.close()]);
    },
  };
}

/** Judges are counted apart from the models whose rollouts are graded. */
function judgeMetrics(metrics: GraderMetrics): ModelMetrics {
  return {
    modelRequestEnded: (result, seconds) => metrics.judgeRequestEnded(result, seconds),
    modelTokens: (usage) => metrics.judgeTokens(usage),
  };
}
