import { Registry } from "prom-client";
import { startGrader } from "../../../services/grader/create-grader.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createGraderMetrics } from "../../../src/telemetry/grader-metrics.ts";
import { MetricMaker } from "../../../src/telemetry/metric-makers.ts";
import { connectPart, partLogger } from "../bench/bus-login.ts";
import type { BusLogin } from "../bench/bus-login.ts";
import { servePart } from "../bench/serve-part.ts";

/** The product's grader service in a process of its own. */
export type GraderApi = { start(login: BusLogin): Promise<void> };

/** As `rollyard run` has it for a job of this size. */
const CONCURRENCY = 64;

let stop = async (): Promise<void> => undefined;

async function start(login: BusLogin): Promise<void> {
  const logger = partLogger(login);
  const bus = await connectPart(login, logger);
  const metrics = createGraderMetrics(new MetricMaker(new Registry()));
  const grader = startGrader({ bus, concurrency: CONCURRENCY, clock: systemClock, logger, metrics });
  stop = async () => {
    await grader.stop();
    await bus.close();
  };
}

servePart({ start } satisfies GraderApi, () => stop());
