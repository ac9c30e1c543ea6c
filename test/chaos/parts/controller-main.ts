import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadSnapshot, storeSnapshot } from "../../../src/config/snapshot.ts";
import { SecretStore } from "../../../src/config/secret-store.ts";
import { serveSecrets } from "../../../src/config/secrets-service.ts";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { LOCAL_SIZING } from "../../../src/bus/stream-settings.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import { JobRunner } from "../../../src/job/job-runner.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { serveReleases } from "../../../src/sandbox/sandbox-releases.ts";
import { createPinoLogger } from "../../../src/telemetry/pino-logger.ts";
import { ResultRecorder } from "../../../src/trajectory/recorder.ts";
import { startBroker } from "../../load/bench/bench-broker.ts";
import type { RunningBroker } from "../../load/bench/bench-broker.ts";
import type { ControllerConfig } from "../world/controller-config.ts";
import { chaosItems, chaosSnapshot } from "../world/job.ts";

// The controller's part of a run in a process of its own: planner, broker and recorder, made as a local run makes them. It
// may be killed at any moment and started again on the same streams and folder. It ends with the job.

const config = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as ControllerConfig;
const logger = createPinoLogger({ file: null }).child({ service: "controller" });
const snapshot = chaosSnapshot(config.job);

function connectController(): Promise<Bus> {
  return connectJetStream({
    servers: config.servers,
    user: "controller",
    password: process.env["NATS_PASSWORD"] ?? "",
    name: "chaos-controller",
    logger,
    sizing: { ...LOCAL_SIZING, replicas: config.replicas, ackWaitMs: config.ackWaitMs },
    requestTimeoutMs: 60_000,
  });
}

async function brokerFor(identity: JobIdentity): Promise<RunningBroker> {
  const { sandboxes, recovery } = config.job;
  if (sandboxes === "none") {
    return { release: () => undefined, endSandboxes: async () => undefined, close: async () => undefined };
  }
  const spec = snapshot.environment.sandbox;
  const replacesLost = recovery === "replay";
  return startBroker({ bus, identity, spec, sandboxes, replacesLost, sandboxd: config.sandboxd, logger });
}

const startedMs = performance.now();
const bus = await connectController();
await bus.ensureStreams();
if (existsSync(config.fullStopFile)) {
  await bus.releaseWork();
  rmSync(config.fullStopFile);
}
const { namespace, jobName } = snapshot;
const { jobUid } = config.names;
const specHash = await storeSnapshot(bus, jobUid, snapshot);
const identity: JobIdentity = { ...config.names, namespace, jobName, specHash };
await serveSecrets(bus, namespace, {
  secrets: new SecretStore([]),
  snapshotOf: (hash) => loadSnapshot(bus, hash),
});
const recorder = await ResultRecorder.open({
  folder: config.resultsFolder,
  store: bus,
  clock: systemClock,
  logger,
  job: identity,
  tools: resolveTools(snapshot.environment).map(({ definition }) => definition),
});
const broker = await brokerFor(identity);
const runner: JobRunner = new JobRunner(
  {
    bus,
    clock: systemClock,
    ids: randomIds,
    logger,
    signal: new AbortController().signal,
    onOutcome: (counted) => {
      const { outcome } = counted;
      broker.release({ ...outcome.place, jobUid, attempt: outcome.attempt });
      recorder.record(counted);
    },
  },
  {
    identity,
    spec: snapshot.job,
    items: chaosItems(config.job),
    indexes: null,
    earlierSeconds: (Date.now() - config.startedAtMs) / 1000,
  },
);
await serveReleases(bus, identity, (ref) => {
  broker.release(ref, ["agent"]);
  runner.released(ref);
});
// As a local run does; who starts it again tries until there is room.
void recorder.failed.then(() => process.exit(1));
logger.info("controller started", { ready_ms: Math.round(performance.now() - startedMs) });
const end = await runner.run();
await recorder.flush();
await recorder.close();
await broker.endSandboxes();
await broker.close();
writeFileSync(config.endFile, JSON.stringify(end));
await bus.close();
// Nothing more is to be done, whatever still holds a timer.
process.exit(0);
