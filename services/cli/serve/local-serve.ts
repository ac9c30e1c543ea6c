import { encodeAssets } from "../../../src/config/snapshot-assets.ts";
import { loadSnapshot, storeSnapshot } from "../../../src/config/snapshot.ts";
import { serveSecrets } from "../../../src/config/secrets-service.ts";
import { DeliveryTable } from "../../../src/bus/delivery-table.ts";
import { syncStore } from "../../../src/bus/nats-server-store.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import { StreamSync } from "../../../src/bus/nats-server-sync.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { traceOwner } from "../../../src/bus/subjects.ts";
import type { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { createHttpServer, listenOn } from "../../../src/gateway/http-server.ts";
import { addTraceRoutes } from "../../../src/gateway/traces/trace-routes.ts";
import { createTraceService } from "../../../src/gateway/traces/trace-service.ts";
import type { JobIdentity } from "../../../src/job/job-identity.ts";
import type { OutcomeSummary } from "../../../src/job/outcome-summary.ts";
import { settleLoop } from "../../../src/job/settle-loop.ts";
import { whenAborted } from "../../../src/lib/when-aborted.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import type { SandboxBroker } from "../../../src/sandbox/broker.ts";
import { serveReleases } from "../../../src/sandbox/sandbox-releases.ts";
import { putServed } from "../../../src/trace/served-record.ts";
import { TraceKeeper } from "../../../src/trace/trace-keeper.ts";
import type { TraceTotals } from "../../../src/trace/trace-keeper.ts";
import type { TraceCounts } from "../../../src/trace/trace-tally.ts";
import type { ResultRecorder } from "../../../src/trajectory/recorder.ts";
import { startGrader } from "../../grader/create-grader.ts";
import { connectAs } from "../run/connect-as.ts";
import { JOINING_SERVED, writeJoinFile } from "../run/join-file.ts";
import { watchDisk } from "../run/disk-watch.ts";
import { newBroker, openRecorder } from "../run/local-run.ts";
import type { LocalRunOptions } from "../run/local-run.ts";
import { RowNumbers } from "./row-numbers.ts";
import type { ServeInput } from "./serve-input.ts";

/** What a local `serve` needs that its caller has chosen. */
export interface LocalServeOptions extends Omit<LocalRunOptions, "onStarted" | "interrupt"> {
  readonly input: ServeInput;
  /** Of 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Ends it. */
  readonly stop: AbortSignal;
  readonly onListening: (view: ServeView) => void;
}

/** What may be looked at while it serves. */
export interface ServeView {
  readonly port: number;
  readonly counts: () => TraceCounts;
}

/** Things to close, last opened first. */
type Closers = (() => Promise<void>)[];

const GRADER_SLOTS = 64;
/** How long answers that are under way are waited for at the end. */
const GRACE_MS = 5000;

/**
 * Serves an environment to a hosted trainer on this machine with the parts that a cluster runs: streams, broker, grader, gateway and
 * the keeping of traces, each with its own connection and rights. Resolves once it was told to stop and everything is recorded.
 */
export async function localServe(options: LocalServeOptions): Promise<TraceTotals> {
  const closers: Closers = [];
  const stopping = new AbortController();
  try {
    return await compose(options, closers, stopping.signal);
  } finally {
    // Some that are closed wait for it.
    stopping.abort();
    for (const close of closers.toReversed()) await close();
  }
}

async function compose(
  options: LocalServeOptions,
  closers: Closers,
  stopping: AbortSignal,
): Promise<TraceTotals> {
  const { folder, telemetry, stop } = options;
  const gaveUp = Promise.withResolvers<never>();
  gaveUp.promise.catch(() => undefined);
  const server = await startNatsServer({
    binary: options.natsServer,
    folder: folder.storePath,
    logger: telemetry.logger,
    onGaveUp: (error: RollyardError) => gaveUp.reject(error),
  });
  closers.push(() => server.stop());
  const [deliveries, store] = [new DeliveryTable(), new StreamSync(folder.storePath)];
  const connect = async (user: ServiceUser): Promise<Bus> => {
    const bus = await connectAs(server, user, { ...options, deliveries, store });
    closers.push(() => bus.close());
    telemetry.readiness.watch(bus);
    return bus;
  };
  const bus = await connect("controller");
  await bus.ensureStreams();
  await syncStore(folder.storePath);
  if (folder.isResumed) await bus.releaseWork();
  const identity = await publish(options, bus);
  const recorder = await openRecorder({ ...options, store, placeOf: placesOf(options) }, bus, identity);
  closers.push(() => recorder.close());
  const join = await writeJoinFile(folder.joinPath, server, folder.storePath, JOINING_SERVED);
  closers.push(() => join.remove());
  const keeper = await startController(options, { bus, identity, recorder, signal: stopping }, closers);
  const grader = startGrader({
    bus: await connect("grader"),
    concurrency: GRADER_SLOTS,
    clock: options.clock,
    logger: telemetry.logger.child({ service: "grader" }),
    metrics: telemetry.metrics.grader,
  });
  closers.push(() => grader.stop());
  const gateway = await startGateway(options, await connect("gateway"), closers);
  telemetry.readiness.begin(stop);
  options.onListening({ port: gateway.port, counts: () => keeper.counts });
  const failed = recorder.failed.then((error) => Promise.reject(error));
  const noRoom = watchDisk(folder.path, options.clock, stopping).then(() => gaveUp.promise);
  for (const each of [failed, noRoom]) each.catch(() => undefined);
  await Promise.race([whenAborted(stop), gaveUp.promise, failed, noRoom]);
  // Who was told what is on record once it is closed.
  await gateway.close();
  const counts = await keeper.countNow();
  await recorder.flush();
  return counts;
}

/** Puts the environment where gateways look for it. */
async function publish({ input, folder }: LocalServeOptions, bus: Bus): Promise<JobIdentity> {
  const { environmentUid, traceSeed } = folder.state;
  const { name, namespace = "default" } = input.environment.metadata;
  const jobUid = traceOwner(environmentUid);
  const names = { namespace, jobName: name };
  const specHash = await storeSnapshot(bus, jobUid, {
    ...names,
    environmentName: name,
    job: input.job.spec,
    environment: input.environment.spec,
    ...encodeAssets(input.graderAssets),
  });
  await putServed(bus, { namespace, name }, { environmentUid, specHash });
  return { ...names, jobUid, environmentUid, specHash, traceSeed };
}

function placesOf({ folder }: LocalServeOptions): NonNullable<Parameters<typeof openRecorder>[0]["placeOf"]> {
  const rows = new RowNumbers(folder.path, folder.privatePath);
  return (attempt, place) => (attempt === null ? place : rows.place(attempt.item));
}

interface ControllerParts {
  readonly bus: Bus;
  readonly identity: JobIdentity;
  readonly recorder: ResultRecorder;
  readonly signal: AbortSignal;
}

/** What the controller does of it on a cluster: sandboxes, secrets, settling, and the keeping of traces. */
async function startController(
  options: LocalServeOptions,
  { bus, identity, recorder, signal }: ControllerParts,
  closers: Closers,
): Promise<TraceKeeper> {
  const { input, clock, telemetry } = options;
  const logger = telemetry.logger.child({ service: "controller" });
  const broker = newBroker(options, bus, identity);
  await broker.start();
  closers.push(() => broker.stop());
  const secrets = await serveSecrets(bus, identity.namespace, {
    secrets: input.secrets,
    snapshotOf: (hash) => loadSnapshot(bus, hash),
  });
  closers.push(() => secrets.stop());
  const releases = await serveReleases(bus, identity, (ref) => broker.release(ref, ["agent"]));
  closers.push(() => releases.stop());
  const contentOf = () => ({ item: {}, policyVersion: "" });
  const settling = settleLoop({ bus, clock, ids: randomIds, logger, signal, contentOf }, signal);
  closers.push(() => settling);
  const { serve } = input.environment.spec;
  const keeper = new TraceKeeper(
    {
      bus,
      clock,
      ids: randomIds,
      logger,
      signal,
      onOutcome: (outcome) => tell(options, { broker, recorder, identity }, outcome),
    },
    {
      ...identity,
      name: identity.jobName,
      idleMs: serve.idleSeconds * 1000,
      // What a folder records stays there.
      ttlMs: Number.POSITIVE_INFINITY,
    },
  );
  await keeper.start();
  closers.push(() => keeper.ended());
  const { metrics } = telemetry;
  metrics.rollouts.watchActive(() => ({ pending: 0, agent: keeper.counts.live, grading: 0 }));
  return keeper;
}

function tell(
  { telemetry }: LocalServeOptions,
  {
    broker,
    recorder,
    identity,
  }: { readonly broker: SandboxBroker } & Pick<ControllerParts, "recorder" | "identity">,
  outcome: OutcomeSummary,
): void {
  const { end, place, attempt } = outcome;
  const { namespace, environment, metrics } = telemetry;
  broker.release({ ...place, jobUid: identity.jobUid, attempt });
  recorder.record({ outcome, after: end.kind === "graded" ? "graded" : "final" });
  if (end.kind === "failed") metrics.outcomes.attemptFailed({ namespace, environment }, end.failureClass);
  metrics.outcomes.rolloutEnded({ namespace, environment }, end.kind);
}

/** The one gateway; it may be closed more than once. */
async function startGateway(
  { clock, telemetry, port }: LocalServeOptions,
  bus: Bus,
  closers: Closers,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const logger = telemetry.logger.child({ service: "gateway" });
  const { metrics } = telemetry;
  const gatewayMetrics = metrics.gateway();
  const traces = createTraceService({ bus, clock, logger, observer: metrics.rollouts.observer });
  const cutOff = new AbortController();
  const server = createHttpServer({ logger, metrics: gatewayMetrics });
  addTraceRoutes(server, { traces, clock, cutOff: cutOff.signal, metrics: gatewayMetrics });
  const listening = listenOn(server, { host: "127.0.0.1", port });
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    cutOff.abort();
    await listening.then((open) => open.close(GRACE_MS)).catch(() => undefined);
    await traces.close();
  };
  const closeOnce = (): Promise<void> => (closed ??= close());
  closers.push(closeOnce);
  return { port: (await listening).port, close: closeOnce };
}
