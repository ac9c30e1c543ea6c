import { parseArgs } from "node:util";
import { ensureControlPlane } from "../../scripts/lib/control-plane.mjs";
import { findPlaces } from "../../scripts/lib/places.mjs";
import { KubeClient } from "../../src/kube/kube-client.ts";
import type { KubeTransport } from "../../src/kube/transport/kube-transport.ts";
import { kubeconfigCredentials } from "../../src/kube/transport/kubeconfig.ts";
import { createKubeTransport } from "../../src/kube/transport/https-kube-transport.ts";
import { startControlPlane } from "../support/cluster/control-plane.ts";
import type { ControlPlane } from "../support/cluster/control-plane.ts";
import { eventually } from "../support/cluster/eventually.ts";
import { TcpProxy } from "../support/kube/tcp-proxy.ts";
import { Closers } from "./bench/closers.ts";
import { thisMachine } from "./bench/machine.ts";
import { Part } from "./bench/part.ts";
import { rssOf } from "./bench/process-usage.ts";
import { benchPod } from "./kube/bench-pod.ts";
import type { ContenderApi, ContenderName } from "./parts/kube-contender-main.ts";

// `npm run bench:kube`: our client of the API server beside the stock one, against a real kube-apiserver. Figures only;
// docs/benchmarks.md says what they mean.

const USAGE = `Usage: npm run bench:kube -- [options]

  --pods N       pods that a mirror holds (3000)
  --creates N    pods that each contender creates (1000); the stock one a fifth of it
  --in-flight N  creates at once (50)
  --repeat N     rounds; the table shows medians (1)

Example: npm run bench:kube -- --repeat 3
`;

interface Options {
  readonly pods: number;
  readonly creates: number;
  readonly inFlight: number;
  readonly repeat: number;
}

interface Round {
  readonly name: ContenderName;
  readonly createsPerSecond: number;
  readonly createCpuMs: number;
  readonly rssMiB: number;
  readonly connections: number;
  readonly syncSeconds: number | null;
  readonly syncCpuMsPerPod: number | null;
  readonly heapBytesPerPod: number | null;
  readonly cpuMsPerEvent: number | null;
}

const PODS = { group: "", version: "v1", plural: "pods" };
const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };
const ACCOUNTS = { group: "", version: "v1", plural: "serviceaccounts" };
const NAMES: readonly ContenderName[] = ["stock", "http2", "own"];
const CONNECTION_PROBE = 100;
const MIB = 1024 ** 2;
/** Those of a controller's, as far as they bear on a process of this size. */
const V8_OPTIONS = ["--expose-gc", "--max-semi-space-size=4", "--v8-pool-size=1"];
const closers = new Closers();
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, () => void closers.interrupt().finally(() => process.exit(code)));
}

async function main(): Promise<void> {
  const options = readOptions();
  const programs = await ensureControlPlane(findPlaces(), ["etcd", "kube-apiserver"]);
  const machine = thisMachine();
  try {
    const plane = await startControlPlane(programs);
    closers.add(() => plane.stop());
    const transport = createKubeTransport(await kubeconfigCredentials(plane.kubeconfigFile));
    closers.add(() => transport.close());
    await fill(transport, options);
    const rounds: Round[] = [];
    for (let round = 0; round < options.repeat; round += 1) {
      for (const name of NAMES) {
        process.stderr.write(`• ${name}, round ${round + 1} of ${options.repeat} …\n`);
        rounds.push(await measure(name, `${name}-${round}`, { plane, transport, options }));
      }
    }
    const { cores, cpu, system, node, loadBefore } = machine;
    process.stdout.write(
      `${cores} cores (${cpu}), ${system}, Node ${node}, load average before ${loadBefore}\n`,
    );
    process.stdout.write(`${table(rounds)}\n`);
  } finally {
    await closers.closeAll();
  }
}

function readOptions(): Options {
  const option = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      pods: option,
      creates: option,
      "in-flight": option,
      repeat: option,
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  return {
    pods: Number(values.pods ?? 3000),
    creates: Number(values.creates ?? 1000),
    inFlight: Number(values["in-flight"] ?? 50),
    repeat: Number(values.repeat ?? 1),
  };
}

/** Makes the namespaces, each with the service account that pods need, and the pods that mirrors hold. */
async function fill(transport: KubeTransport, { pods, inFlight }: Options): Promise<void> {
  const client = new KubeClient(transport);
  for (const name of ["created", "mirrored"]) {
    await client.create(NAMESPACES, {}, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
    await client.create(ACCOUNTS, { namespace: name }, account);
  }
  await inParallel(pods, inFlight, async (index) => {
    await client.create(PODS, { namespace: "mirrored" }, benchPod(`pod-${index}`));
  });
}

interface World {
  readonly plane: ControlPlane;
  readonly transport: KubeTransport;
  readonly options: Options;
}

async function measure(name: ContenderName, prefix: string, world: World): Promise<Round> {
  const { creates, inFlight } = world.options;
  const count = name === "stock" ? Math.ceil(creates / 5) : creates;
  const part = await startPart(name, world, "created");
  await part.call("create", { prefix: `${prefix}-warm`, count: inFlight, inFlight });
  const created = await part.call("create", { prefix, count, inFlight });
  const rssMiB = rssOf(part.pid) / MIB;
  await part.stop();
  const connections = await countConnections(name, `${prefix}-count`, world);
  const mirrored = name === "http2" ? NO_MIRROR : await measureMirror(name, world);
  return {
    name,
    createsPerSecond: count / created.seconds,
    createCpuMs: created.cpuMs / count,
    rssMiB,
    connections,
    ...mirrored,
  };
}

async function startPart(name: ContenderName, world: World, namespace: string, server?: string) {
  const part = new Part<ContenderApi>("kube-contender-main.ts", V8_OPTIONS);
  closers.add(() => part.stop());
  const { kubeconfigFile } = world.plane;
  await part.call("start", { name, kubeconfigFile, namespace, ...(server === undefined ? {} : { server }) });
  return part;
}

/** Connections for a hundred creates, counted by a proxy in between. */
async function countConnections(name: ContenderName, prefix: string, world: World): Promise<number> {
  const proxy = new TcpProxy({ host: "127.0.0.1", port: Number(new URL(world.plane.server).port) });
  const server = `https://127.0.0.1:${await proxy.listen()}`;
  const part = await startPart(name, world, "created", server);
  await part.call("create", { prefix, count: CONNECTION_PROBE, inFlight: 10 });
  await part.stop();
  await proxy.close();
  return proxy.opened;
}

const NO_MIRROR = { syncSeconds: null, syncCpuMsPerPod: null, heapBytesPerPod: null, cpuMsPerEvent: null };

async function measureMirror(name: ContenderName, world: World) {
  const { pods, inFlight } = world.options;
  const part = await startPart(name, world, "mirrored");
  const filled = await part.call("mirror", undefined);
  if (filled.size !== pods) throw new Error(`${name} holds ${filled.size} of ${pods} pods`);
  const client = new KubeClient(world.transport);
  const body = { metadata: { annotations: { "rollyard.dev/touched": `${name} ${performance.now()}` } } };
  await inParallel(pods, inFlight, async (index) => {
    await client.patch(PODS, { namespace: "mirrored", name: `pod-${index}` }, { body });
  });
  const heard = await eventually(
    () => part.call("heard", undefined),
    ({ events }) => events >= pods,
    60_000,
  );
  await part.stop();
  return {
    syncSeconds: filled.seconds,
    syncCpuMsPerPod: filled.cpuMs / pods,
    heapBytesPerPod: filled.heapBytes / pods,
    cpuMsPerEvent: heard.cpuMs / heard.events,
  };
}

async function inParallel(
  count: number,
  width: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: width }, work));
}

function table(rounds: readonly Round[]): string {
  const row = (title: string, value: (round: Round) => number | null, digits: number): string => {
    const cells = NAMES.map((name) => median(rounds.filter((round) => round.name === name).map(value)));
    return `| ${title} | ${cells.map((cell) => (cell === null ? "–" : cell.toFixed(digits))).join(" | ")} |`;
  };
  return [
    "| | stock client-node | HTTP/2, 2 connections | own |",
    "| --- | --- | --- | --- |",
    row("creates/s", ({ createsPerSecond }) => createsPerSecond, 0),
    row("client CPU ms a create", ({ createCpuMs }) => createCpuMs, 2),
    row("RSS then, MiB", ({ rssMiB }) => rssMiB, 0),
    row(`connections for ${CONNECTION_PROBE} creates, 10 at once`, ({ connections }) => connections, 0),
    row("seconds until the mirror is full", ({ syncSeconds }) => syncSeconds, 2),
    row("CPU ms a pod until then", ({ syncCpuMsPerPod }) => syncCpuMsPerPod, 2),
    row("heap bytes a mirrored pod", ({ heapBytesPerPod }) => heapBytesPerPod, 0),
    row("CPU ms an event", ({ cpuMsPerEvent }) => cpuMsPerEvent, 3),
  ].join("\n");
}

function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).toSorted((left, right) => left - right);
  return known[Math.floor(known.length / 2)] ?? null;
}

await main();
