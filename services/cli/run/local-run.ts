import path from "node:path";
import { encodeAssets } from "../../../src/config/snapshot-assets.ts";
import { loadSnapshot, storeSnapshot } from "../../../src/config/snapshot.ts";
import type { RunInput } from "../../../src/config/run-input.ts";
import { serveSecrets } from "../../../src/config/secrets-service.ts";
import { syncStore } from "../../../src/bus/nats-server-store.ts";
import { tellSilentStreams } from "../../../src/bus/tell-silent-streams.ts";
import { WorkAges } from "../../../src/bus/work-ages.ts";
import { StreamSync } from "../../../src/bus/nats-server-sync.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import { DeliveryTable } from "../../../src/bus/delivery-table.ts";
import type { BusInspector } from "../../../src/bus/inspection.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { hasItemImage } from "../../../src/environment/sandbox-spec.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import type { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { parseIndexRanges } from "../../../src/job/index-ranges.ts";
import type { Condition } from "../../../src/job/job-conditions.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import { JobRunner } from "../../../src/job/job-runner.ts";
import type { JobLedger } from "../../../src/job/job-ledger.ts";
import type { CountedOutcome } from "../../../src/job/rebuild-ledger.ts";
import type { RunEnd } from "../../../src/job/job-runner.ts";
import { untilAnswered } from "../../../src/grader/patience.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { untilAborted } from "../../../src/lib/until-aborted.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { SandboxBroker } from "../../../src/sandbox/broker.ts";
import type { BrokerOptions } from "../../../src/sandbox/broker-options.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { serveReleases } from "../../../src/sandbox/sandbox-releases.ts";
import { graderSandboxSpec } from "../../../src/sandbox/grader-sandbox-spec.ts";
import { sandboxSpecFor } from "../../../src/sandbox/sandbox-spec-for.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";
import { ResultRecorder } from "../../../src/trajectory/recorder.ts";
import type { RecorderOptions } from "../../../src/trajectory/recorder.ts";
import { startGrader } from "../../grader/create-grader.ts";
import { startWorker } from "../../worker/create-worker.ts";
import type { RunningWorker } from "../../worker/create-worker.ts";
import type { GraderRuntime } from "./grader-runtime.ts";
import { connectAs } from "./connect-as.ts";
import { watchDisk } from "./disk-watch.ts";
import { writeJoinFile } from "./join-file.ts";
import { LiveConditions } from "./live-conditions.ts";
import type { LiveConditionsParts } from "./live-conditions.ts";
import { LiveStatus } from "./live-status.ts";
import type { LiveStatusParts } from "./live-status.ts";
import { writeStatusFile } from "./status-file.ts";
import type { RunFolder } from "./run-folder.ts";
import type { RunTelemetry } from "./start-run-telemetry.ts";

/** What a local run needs that its caller has chosen. */
export interface LocalRunOptions {
  readonly input: RunInput;
  readonly folder: RunFolder;
  readonly natsServer: string;
  readonly launcher: SandboxLauncher;
  readonly graderRuntime: GraderRuntime;
  readonly clock: Clock;
  readonly telemetry: RunTelemetry;
  /** First abort: stop taking new rollouts, cancel the others so that they can be resumed. */
  readonly interrupt: AbortSignal;
  readonly onStarted: (view: RunView) => void;
}

/** What may be looked at while a run goes on. */
export interface RunView {
  readonly ledger: JobLedger;
  readonly conditions: () => readonly Condition[];
}

/** How a local run ended, with the job's conditions at its end. */
export interface LocalRunEnd {
  readonly end: RunEnd;
  readonly conditions: readonly Condition[];
}

/** Things to close, last opened first. */
type Closers = (() => Promise<void>)[];

/**
 * Runs a job on this machine with the parts that a cluster runs: streams, broker, worker, grader and the job's
 * accounting, each with its own connection and rights. Resolves with how it ended, after everything is recorded.
 */
export async function localRun(options: LocalRunOptions): Promise<LocalRunEnd> {
  const closers: Closers = [];
  try {
    return await composeAndRun(options, closers);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

async function composeAndRun(options: LocalRunOptions, closers: Closers): Promise<LocalRunEnd> {
  const { folder } = options;
  const gaveUp = Promise.withResolvers<never>();
  gaveUp.promise.catch(() => undefined);
  const server = await startNatsServer({
    binary: options.natsServer,
    folder: folder.storePath,
    logger: options.telemetry.logger,
    onGaveUp: (error: RollyardError) => gaveUp.reject(error),
  });
  closers.push(() => server.stop());
  const stopping = new AbortController();
  const deliveries = new DeliveryTable();
  const store = new StreamSync(folder.storePath);
  const connect = async (user: ServiceUser): Promise<Bus & BusInspector> => {
    const bus = await connectAs(server, user, { ...options, deliveries, store });
    closers.push(() => bus.close());
    void tellSilentStreams(bus, options.clock, stopping.signal);
    options.telemetry.readiness.watch(bus);
    return bus;
  };
  const bus = await connect("controller");
  const stop = async (): Promise<void> => stopping.abort();
  // Whatever ends the run, nothing of it goes on behind closed connections.
  closers.push(stop);
  const parts = await openParts(options, { bus, store, signal: stopping.signal }, closers);
  if (parts === null) return { end: { condition: "Suspended", reason: "Interrupted" }, conditions: [] };
  const { identity, recorder, broker, runner } = parts;
  const ages = new WorkAges();
  options.telemetry.metrics.work.watch(ages);
  void ages.watch(bus, options.clock, stopping.signal);
  // Judged before anything works: where a record was lost, a rollout would run again that has its outcome.
  await Promise.race([runner.rebuild(), gaveUp.promise]);
  const joinFile = await writeJoinFile(folder.joinPath, server, folder.storePath);
  closers.push(() => joinFile.remove());
  await serveJob(options, { ...parts, bus }, closers);
  const { endpoints } = await startServices(options, connect, closers);
  const live = await startStatus(
    options,
    { identity, runner, broker, bus, server, endpoints, deliveries, signal: stopping.signal },
    closers,
  );
  options.interrupt.addEventListener("abort", () => runner.interrupt("job_interrupted"), { once: true });
  if (options.interrupt.aborted) runner.interrupt("job_interrupted");
  options.telemetry.readiness.begin(options.interrupt);
  options.onStarted({ ledger: runner.ledger, conditions: () => live.current() });
  const failedRecording = recorder.failed.then((error) => Promise.reject(error));
  failedRecording.catch(() => undefined);
  // First of all: from now on the parts end, and what they look like says nothing of the job.
  closers.push(stop);
  const diskIsFull = watchDisk(folder.path, options.clock, stopping.signal).then(() => gaveUp.promise);
  diskIsFull.catch(() => undefined);
  const end = await Promise.race([runner.run(), gaveUp.promise, failedRecording, diskIsFull]);
  await recorder.flush();
  const conditions = end.condition === "Suspended" ? live.current() : live.ended(end);
  return { end, conditions };
}

interface JobParts {
  readonly identity: JobIdentity;
  readonly recorder: ResultRecorder;
  readonly broker: SandboxBroker;
  readonly runner: JobRunner;
}

/** The parts that hold the job's state; none of them works yet. Null when it was interrupted before. */
async function openParts(
  options: LocalRunOptions,
  { bus, store, signal }: { readonly bus: Bus; readonly store: StreamSync; readonly signal: AbortSignal },
  closers: Closers,
): Promise<JobParts | null> {
  const { folder } = options;
  await bus.ensureStreams();
  await syncStore(folder.storePath);
  if (folder.isResumed) await bus.releaseWork();
  const patience = { clock: options.clock, signal };
  const storing = untilAnswered(() => storeIdentity(options, bus), patience);
  const identity = await untilAborted(storing, options.interrupt);
  if (identity === null) return null;
  const recorder = await openRecorder({ ...options, store }, bus, identity);
  closers.push(() => recorder.close());
  const broker = newBroker(options, bus, identity);
  const runner = newRunner(options, { bus, identity, broker, recorder, signal });
  return { identity, recorder, broker, runner };
}

/** Answers what workers and graders ask of the job: sandboxes and secrets. */
async function serveJob(
  { input }: LocalRunOptions,
  { bus, identity, broker, runner }: JobParts & { readonly bus: Bus },
  closers: Closers,
): Promise<void> {
  await broker.start();
  closers.push(() => broker.stop());
  const serving = await serveSecrets(bus, identity.namespace, {
    secrets: input.secrets,
    snapshotOf: (hash) => loadSnapshot(bus, hash),
  });
  closers.push(() => serving.stop());
  const releases = await serveReleases(bus, identity, (ref) => {
    broker.release(ref, ["agent"]);
    runner.released(ref);
  });
  closers.push(() => releases.stop());
}

/** Lets the run be asked how it is, until it is closed. */
async function startStatus(
  { folder, clock, telemetry }: LocalRunOptions,
  parts: Omit<LiveStatusParts & LiveConditionsParts, "startedAtMs" | "clock" | "logger" | "conditions">,
  closers: Closers,
): Promise<LiveConditions> {
  const { startedAtMs } = folder.state;
  const logger = telemetry.logger.child({ service: "controller" });
  const conditions = new LiveConditions({ ...parts, clock, logger });
  const status = new LiveStatus({ ...parts, conditions, startedAtMs, clock });
  telemetry.serveStatus(() => status.facts());
  const statusFile = await writeStatusFile(folder.privatePath, telemetry.port);
  closers.push(() => statusFile.remove());
  void conditions.watch();
  return conditions;
}

async function startServices(
  options: LocalRunOptions,
  connect: (user: ServiceUser) => Promise<Bus>,
  closers: Closers,
): Promise<RunningWorker> {
  const { clock, input, telemetry } = options;
  const { logger, metrics } = telemetry;
  const grader = startGrader({
    bus: await connect("grader"),
    concurrency: graderSlots(input),
    clock,
    logger: logger.child({ service: "grader" }),
    metrics: metrics.grader,
  });
  closers.push(() => grader.stop());
  const running = await startWorker({
    bus: await connect("worker"),
    id: "local",
    slots: input.job.spec.parallelism,
    clock,
    logger: logger.child({ service: "worker" }),
    observer: metrics.rollouts.observer,
    modelMetrics: metrics.model,
  });
  closers.push(async () => {
    await running.worker.stop();
    await running.close();
  });
  return running;
}

/** Grading may wait on endpoints: as many at a time as rollouts, within reason. */
function graderSlots({ job }: RunInput): number {
  return Math.min(64, job.spec.parallelism);
}

async function storeIdentity({ input, folder }: LocalRunOptions, bus: Bus): Promise<JobIdentity> {
  const { jobUid, environmentUid, traceSeed } = folder.state;
  const namespace = input.job.metadata.namespace ?? "default";
  const names = { namespace, jobName: input.job.metadata.name };
  const specHash = await storeSnapshot(bus, jobUid, {
    ...names,
    environmentName: input.environment.metadata.name,
    job: input.job.spec,
    environment: input.environment.spec,
    ...encodeAssets(input.graderAssets),
  });
  return { ...names, jobUid, environmentUid, specHash, traceSeed };
}

/** Opens the records of a run in its folder. */
export function openRecorder(
  options: Pick<LocalRunOptions, "input" | "folder" | "clock" | "telemetry"> &
    Pick<RecorderOptions, "placeOf"> & { readonly store: StreamSync },
  bus: Bus,
  identity: JobIdentity,
): Promise<ResultRecorder> {
  const { input, folder, clock, telemetry, store, placeOf } = options;
  const tools = resolveTools(input.environment.spec).map(({ definition }) => definition);
  const { logger } = telemetry;
  const job = { ...identity, policyVersion: input.job.spec.policyVersion };
  const untilDurable = (): Promise<void> => store.sync("outcomes");
  const places = placeOf === undefined ? {} : { placeOf };
  return ResultRecorder.open({
    folder: folder.path,
    store: bus,
    clock,
    logger,
    job,
    tools,
    untilDurable,
    ...places,
  });
}

/** Who hands out an environment's sandboxes on this machine; not started yet. */
export function newBroker(
  {
    input,
    launcher,
    clock,
    telemetry,
    graderRuntime,
  }: Pick<LocalRunOptions, "input" | "launcher" | "clock" | "telemetry" | "graderRuntime">,
  bus: Bus,
  identity: Pick<JobIdentity, "namespace" | "environmentUid">,
): SandboxBroker {
  const environment = input.environment.spec;
  const { sandbox } = environment;
  const broker = new SandboxBroker({
    bus,
    launcher,
    namespace: identity.namespace,
    environmentUid: identity.environmentUid,
    spec: sandbox,
    graderSpec: graderSandboxSpec(sandbox, graderRuntime.image),
    graderVenv: graderRuntime.venv,
    localFolder: input.localFolder === undefined ? null : path.resolve(input.localFolder),
    keys: generateSigningKeys(),
    replacesLost: environment.recovery.mode === "replay",
    ...(launcher.name === "docker" && hasItemImage(sandbox) ? { needOf: ownImages(input) } : {}),
    clock,
    logger: telemetry.logger.child({ service: "broker" }),
    observer: telemetry.metrics.sandboxes.observer,
  });
  telemetry.metrics.sandboxes.watch(telemetry.environment, () => broker.snapshot());
  return broker;
}

/** Each rollout's sandbox has the image that its item names. */
function ownImages({ environment, items }: RunInput): NonNullable<BrokerOptions["needOf"]> {
  return (ref, purpose) => {
    const item = items[ref.itemIndex];
    return item === undefined ? null : { spec: sandboxSpecFor(environment.spec, item, purpose) };
  };
}

interface RunnerParts {
  readonly bus: Bus;
  readonly identity: JobIdentity;
  readonly broker: SandboxBroker;
  readonly recorder: ResultRecorder;
  readonly signal: AbortSignal;
}

function newRunner(
  options: LocalRunOptions,
  { bus, identity, broker, recorder, signal }: RunnerParts,
): JobRunner {
  const { input, folder, clock, telemetry } = options;
  const { indexes } = input.job.spec;
  const deps = {
    bus,
    clock,
    ids: randomIds,
    logger: telemetry.logger.child({ service: "controller" }),
    signal,
    onOutcome: (counted: CountedOutcome): void => {
      broker.release({ ...counted.outcome.place, jobUid: identity.jobUid, attempt: counted.outcome.attempt });
      recorder.record(counted);
      countOutcome(telemetry, counted);
    },
  };
  const runner = new JobRunner(deps, {
    identity,
    spec: input.job.spec,
    items: input.items,
    indexes: indexes === undefined ? null : parseIndexRanges(indexes),
    recorded: recorder.recorded,
    // The clock of its deadline stands still between two sessions.
    earlierSeconds: folder.state.earlierSeconds,
  });
  const { counts } = runner.ledger;
  telemetry.metrics.rollouts.watchActive(() => ({
    pending: counts.pending,
    agent: counts.active,
    grading: counts.grading,
  }));
  return runner;
}

function countOutcome({ metrics, namespace, environment }: RunTelemetry, counted: CountedOutcome): void {
  const { outcome, after } = counted;
  if (outcome.end.kind === "failed") {
    metrics.outcomes.attemptFailed({ namespace, environment }, outcome.end.failureClass);
  }
  if (after === "graded" || after === "final") {
    metrics.outcomes.rolloutEnded({ namespace, environment }, after === "graded" ? "graded" : "failed");
  }
}
