import { loadSnapshot, storeSnapshot } from "../../../src/config/snapshot.ts";
import { serveSecrets } from "../../../src/config/secrets-service.ts";
import { SecretStore } from "../../../src/config/secret-store.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { STREAM_NAMES } from "../../../src/bus/stream-settings.ts";
import { STREAMS } from "../../../src/bus/streams.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import { JobRunner } from "../../../src/job/job-runner.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { serveReleases } from "../../../src/sandbox/sandbox-releases.ts";
import type { ClosableLogger } from "../../../src/telemetry/pino-logger.ts";
import { benchItems, benchSnapshot } from "../bench/bench-job.ts";
import type { SandboxRates } from "../bench/bench-job.ts";
import { startBroker } from "../bench/bench-broker.ts";
import type { RunningBroker } from "../bench/bench-broker.ts";
import { connectPart, partLogger } from "../bench/bus-login.ts";
import type { BusLogin } from "../bench/bus-login.ts";
import { countRecorded } from "../bench/count-recorded.ts";
import type { Recorded } from "../bench/count-recorded.ts";
import type { Load } from "../bench/load.ts";
import { servePart } from "../bench/serve-part.ts";

/** What a controller is told. */
export interface ControllerStart {
  readonly login: BusLogin;
  readonly load: Load;
  readonly modelURL: string;
  readonly rates: SandboxRates;
  /** Path of sandboxd; null without sandboxes. */
  readonly sandboxd: string | null;
}

/** How a run went. */
export interface RunSummary {
  readonly seconds: number;
  /** Rollouts that were graded with the reward of a whole one. */
  readonly graded: number;
  /** Code of each that was not. */
  readonly failures: readonly string[];
}

/** What a stream took in. */
export interface StreamUse {
  readonly stream: string;
  /** Messages that it ever stored. */
  readonly messages: number;
  /** Bytes of those that it still holds. */
  readonly heldBytes: number;
}

/** The controller's part of a local run, job accounting and sandbox broker, in a process of its own. */
export type ControllerApi = {
  start(argument: ControllerStart): Promise<void>;
  run(): Promise<RunSummary>;
  /** Ends every sandbox; after it their CPU time is complete. */
  endSandboxes(): Promise<void>;
  streams(): Promise<readonly StreamUse[]>;
  /** Reads every event log back. */
  recorded(): Promise<Recorded>;
};

interface Running {
  readonly bus: Bus;
  readonly logger: ClosableLogger;
  readonly identity: JobIdentity;
  readonly load: Load;
  readonly modelURL: string;
  readonly rates: SandboxRates;
  readonly broker: RunningBroker | null;
}

let running: Running | null = null;

function current(): Running {
  if (running === null) throw new TypeError("the controller was not started");
  return running;
}

async function start({ login, load, modelURL, rates, sandboxd }: ControllerStart): Promise<void> {
  const logger = partLogger(login);
  const bus = await connectPart(login, logger);
  await bus.ensureStreams();
  const snapshot = benchSnapshot(load, modelURL, rates);
  const uids = {
    jobUid: randomIds.shortUid(),
    environmentUid: randomIds.shortUid(),
    traceSeed: randomIds.nonce(),
  };
  const specHash = await storeSnapshot(bus, uids.jobUid, snapshot);
  const { namespace, jobName } = snapshot;
  const identity = { ...uids, namespace, jobName, specHash };
  const snapshotOf = (hash: string): ReturnType<typeof loadSnapshot> => loadSnapshot(bus, hash);
  await serveSecrets(bus, namespace, { secrets: new SecretStore([]), snapshotOf });
  const spec = snapshot.environment.sandbox;
  const broker = sandboxd === null ? null : await startBroker({ bus, identity, spec, sandboxd, logger });
  running = { bus, logger, identity, load, modelURL, rates, broker };
}

async function run(): Promise<RunSummary> {
  const { bus, logger, identity, load, broker } = current();
  const failures: string[] = [];
  let graded = 0;
  const deps = { bus, clock: systemClock, ids: randomIds, logger, signal: new AbortController().signal };
  const runner: JobRunner = new JobRunner(
    {
      ...deps,
      onOutcome: ({ outcome }) => {
        broker?.release({ ...outcome.place, jobUid: identity.jobUid, attempt: outcome.attempt });
        if (outcome.end.kind === "failed") failures.push(outcome.end.code);
        else if (outcome.end.reward === 1) graded += 1;
        else failures.push("wrong reward");
      },
    },
    {
      identity,
      spec: benchSnapshot(load, current().modelURL, current().rates).job,
      items: benchItems(load),
      indexes: null,
      earlierSeconds: 0,
    },
  );
  const releases = await serveReleases(bus, identity, (ref) => {
    broker?.release(ref, ["agent"]);
    runner.released(ref);
  });
  const startedMs = performance.now();
  await runner.run();
  const seconds = (performance.now() - startedMs) / 1000;
  await releases.stop();
  return { seconds, graded, failures };
}

async function streams(): Promise<readonly StreamUse[]> {
  const { bus } = current();
  const used = STREAM_NAMES.map(async (name) => {
    const { lastSequence, usedBytes } = await bus.streamState(name);
    return { stream: STREAMS[name], messages: lastSequence, heldBytes: usedBytes };
  });
  return Promise.all(used);
}

async function stop(): Promise<void> {
  await running?.broker?.endSandboxes();
  await running?.broker?.close();
  await running?.bus.close();
}

servePart(
  {
    start,
    run,
    streams,
    endSandboxes: async () => current().broker?.endSandboxes(),
    recorded: () => countRecorded(current().bus, current().identity, current().load),
  } satisfies ControllerApi,
  stop,
);
