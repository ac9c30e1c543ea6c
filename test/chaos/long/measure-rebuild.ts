import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { HEADERS } from "../../../src/bus/port.ts";
import { outcomesSubject } from "../../../src/bus/subjects.ts";
import { JobLedger } from "../../../src/job/job-ledger.ts";
import { rebuildLedger } from "../../../src/job/rebuild-ledger.ts";
import { inParallel } from "../../../src/lib/in-parallel.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";

const SAMPLES = 8;
const WRITERS = 2000;
const JOB = {
  namespace: "chaos",
  jobUid: "000000000000",
  environmentUid: "000000000000",
  jobName: "past",
  specHash: "",
  traceSeed: "",
};

/** What reading the past costs. */
export interface RebuildFigures {
  readonly seconds: number;
  /** Of the planner's process, without the server's. */
  readonly cpuSeconds: number;
}

/** Stores the outcomes of a job that is long over, then measures a new planner that reads them. */
export async function measureRebuild(world: ChaosWorld, outcomes: number): Promise<RebuildFigures> {
  const bus = await connectJetStream({
    servers: world.nats.map(({ port }) => `127.0.0.1:${port}`),
    user: "controller",
    password: process.env["NATS_PASSWORD"] ?? "",
    name: "chaos-past",
    logger: silentLogger,
  });
  try {
    await bus.ensureStreams();
    const indexes = Array.from({ length: outcomes }, (_, index) => index);
    await inParallel(indexes, WRITERS, async (index) => {
      const place = { itemIndex: Math.floor(index / SAMPLES), sampleIndex: index % SAMPLES };
      await bus.publish({
        subject: outcomesSubject({ ...JOB, ...place }),
        payload: new Uint8Array(512),
        headers: {
          [HEADERS.append]: `past:${index}`,
          [HEADERS.attempt]: "0",
          [HEADERS.outcome]: "graded",
          [HEADERS.reward]: String(index % 2),
          [HEADERS.promptTokens]: "1000",
          [HEADERS.completionTokens]: "200",
        },
      });
    });
    const shape = {
      items: outcomes / SAMPLES,
      samplesPerItem: SAMPLES,
      retry: { maxAttempts: 3, budgetPercent: 20 },
      indexes: null,
    };
    const ledger = new JobLedger(shape);
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    await rebuildLedger(bus, JOB, ledger);
    const { user, system } = process.cpuUsage(cpu);
    const seconds = Math.round(performance.now() - startedMs) / 1000;
    if (ledger.counts.graded !== outcomes) throw new Error(`only ${ledger.counts.graded} outcomes were read`);
    return { seconds, cpuSeconds: Math.round((user + system) / 1000) / 1000 };
  } finally {
    await bus.close();
  }
}
