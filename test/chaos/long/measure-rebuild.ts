import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { HEADERS } from "../../../src/bus/port.ts";
import { outcomesSubject } from "../../../src/bus/subjects.ts";
import { inParallel } from "../../../src/lib/in-parallel.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { placeOfIndex } from "../../../src/rollout/ids.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";
import { PAST_JOB, PAST_SAMPLES } from "./past-job.ts";

/** What reading the past costs, in the quickest of a few tries: what else the machine does is no part of it. */
export interface RebuildFigures {
  readonly seconds: number;
  /** Of the planner's process, without the server's. */
  readonly cpuSeconds: number;
}

const WRITERS = 2000;
const TRIES = 3;
const PLANNER = fileURLToPath(new URL("../parts/planner-main.ts", import.meta.url));

/** Stores the outcomes of a job that is long over, then lets a new planner in a process of its own read them. */
export async function measureRebuild(world: ChaosWorld, outcomes: number): Promise<RebuildFigures> {
  await storePast(world, outcomes);
  let best: RebuildFigures = { seconds: Infinity, cpuSeconds: Infinity };
  for (let tried = 0; tried < TRIES; tried += 1) {
    const figures = await readPast(world, outcomes);
    if (figures.seconds < best.seconds) best = figures;
  }
  return best;
}

async function readPast(world: ChaosWorld, outcomes: number): Promise<RebuildFigures> {
  const port = String(world.nats[0]?.port);
  const { stdout } = await promisify(execFile)(process.execPath, [PLANNER, port, String(outcomes)]);
  const read = JSON.parse(stdout) as RebuildFigures & { readonly graded: number };
  if (read.graded !== outcomes) throw new Error(`only ${read.graded} of ${outcomes} outcomes were read`);
  return { seconds: rounded(read.seconds), cpuSeconds: rounded(read.cpuSeconds) };
}

async function storePast(world: ChaosWorld, outcomes: number): Promise<void> {
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
      await bus.publish({
        subject: outcomesSubject({ ...PAST_JOB, ...placeOfIndex(index, PAST_SAMPLES) }),
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
  } finally {
    await bus.close();
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
