import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NatsPermissions, ServiceUser } from "../../../src/bus/permissions.ts";
import { SERVICE_USERS } from "../../../src/bus/permissions.ts";
import { Service, sleep } from "../../chaos/world/service.ts";
import { testNatsServer } from "../bus/nats-fixture.ts";
import { freePort } from "../lib/free-port.ts";
import { containerEnv, findObject, podSpecOf } from "./chart-objects.ts";
import type { ChartContainer, ChartObject } from "./chart-objects.ts";

/** The chart's NATS, as processes of this machine. */
export interface ChartNats {
  readonly ports: readonly number[];
  /** Ports of the servers' own monitoring. */
  readonly monitors: readonly number[];
  readonly passwords: Readonly<Record<ServiceUser, string>>;
  readonly services: readonly Service[];
  /**
   * Ends each server and starts it with what the objects say now, as a StatefulSet does: the last first, and the next once its
   * startup probe has passed.
   */
  roll(objects: readonly ChartObject[]): Promise<void>;
  stop(): Promise<void>;
}

/** What the chart's NATS is started with. */
export interface ChartNatsOptions {
  /** Objects of the release: the ConfigMap, the StatefulSet and, unless `passwords` has them, the Secret of its NATS. */
  readonly objects: readonly ChartObject[];
  readonly fullname: string;
  /** Holds configuration, log and store of each server. */
  readonly folder: string;
  /** What an existing Secret says, for a release that names one. */
  readonly passwords?: Readonly<Record<string, string>>;
}

const RESTART_MS = 200;
const POLL_MS = 20;

/**
 * Starts nats-server with the very configuration and variables of the chart's pods; only addresses and the folder of the store
 * are those of this machine.
 */
export async function startChartNats(options: ChartNatsOptions): Promise<ChartNats> {
  const { objects, fullname } = options;
  const set = findObject(objects, "StatefulSet", `${fullname}-nats`);
  const indexes = Array.from({ length: Number(set.spec?.replicas) }, (_, index) => index);
  const ports = await Promise.all(indexes.map(() => freePort()));
  const peers = await Promise.all(indexes.map(() => freePort()));
  const monitors = await Promise.all(indexes.map(() => freePort()));
  const make = (from: ChartNatsOptions) => (index: number) =>
    makeServer(from, { index, ports, peers, monitors });
  const services = await Promise.all(indexes.map(make(options)));
  await startAll(services);
  const ended: Service[] = [];
  return {
    ports,
    monitors,
    passwords: passwordsOf(options, natsContainer(options)),
    get services() {
      return [...ended, ...services];
    },
    roll: async (changed) => {
      for (const index of indexes.toReversed()) {
        const service = await make({ ...options, objects: changed })(index);
        for (const old of services.splice(index, 1, service)) {
          await old.stop();
          ended.push(old);
        }
        await startAll([service]);
      }
    },
    stop: async () => void (await Promise.all(services.map((service) => service.stop()))),
  };
}

/** What the chart's configuration of the servers allows each user. */
export function natsPermissionsOf(
  objects: readonly ChartObject[],
  fullname: string,
): Readonly<Record<ServiceUser, NatsPermissions>> {
  const text = findObject(objects, "ConfigMap", `${fullname}-nats`).data?.["nats.conf"] ?? "";
  const users = [...text.matchAll(/user: "([a-z]+)"\n.*\n\s*permissions: (\{.*\})\n/gu)];
  const names = users.map(([, user]) => user);
  if (names.toSorted().join(" ") !== SERVICE_USERS.toSorted().join(" "))
    throw new Error(`the configuration has the users ${names.join(" ")}`);
  return Object.fromEntries(
    users.map(([, user, permissions = ""]) => [user, JSON.parse(permissions) as NatsPermissions]),
  ) as Record<ServiceUser, NatsPermissions>;
}

interface Servers {
  readonly index: number;
  readonly ports: readonly number[];
  readonly peers: readonly number[];
  readonly monitors: readonly number[];
}

async function makeServer(options: ChartNatsOptions, servers: Servers): Promise<Service> {
  const { index, ports, peers, monitors } = servers;
  const { objects, fullname, folder } = options;
  const name = `${fullname}-nats`;
  const pod = `${name}-${index}`;
  const home = join(folder, pod);
  await mkdir(home, { recursive: true });
  const file = join(home, "nats.conf");
  const text = findObject(objects, "ConfigMap", name).data?.["nats.conf"] ?? "";
  const monitor = monitors[index] ?? 0;
  const place = { home, port: ports[index] ?? 0, peer: peers[index] ?? 0, peers, name, monitor };
  await writeFile(file, onThisMachine(text, place), { mode: 0o600 });
  const container = natsContainer(options);
  const env = containerEnv(container, secretsOf(options), { "metadata.name": pod });
  const probe = `http://127.0.0.1:${monitor}${container.startupProbe?.httpGet.path ?? ""}`;
  const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  return new Service({
    name: pod,
    command: ["/usr/bin/env", "-i", ...variables, await testNatsServer(), "--config", file],
    logFile: join(home, "output.log"),
    restartMs: () => RESTART_MS,
    isUp: () =>
      fetch(probe).then(
        ({ ok }) => ok,
        () => false,
      ),
  });
}

function natsContainer({ objects, fullname }: ChartNatsOptions): ChartContainer {
  const [container] = podSpecOf(findObject(objects, "StatefulSet", `${fullname}-nats`))?.containers ?? [];
  if (container === undefined) throw new Error("the StatefulSet has no container");
  return container;
}

/** Rejects with a server's last words when it ends by itself instead of starting. */
async function startAll(services: readonly Service[]): Promise<void> {
  const up = Promise.all(services.map((service) => service.start()));
  for (;;) {
    const now = await Promise.race([up.then(() => "up"), sleep(POLL_MS)]);
    if (now === "up") return;
    const words = services.flatMap(({ gaveUp }) => gaveUp);
    if (words.length > 0) throw new Error(words.join("\n"));
  }
}

interface Place {
  readonly home: string;
  readonly port: number;
  readonly peer: number;
  readonly peers: readonly number[];
  readonly name: string;
  /** Where its probes are answered. */
  readonly monitor: number;
}

function onThisMachine(text: string, place: Place): string {
  const { home, port, peer, peers, name, monitor } = place;
  const listening = replaceOnce(text, '"0.0.0.0:4222"', `"127.0.0.1:${port}"`);
  const watched = replaceOnce(listening, '"0.0.0.0:8222"', `"127.0.0.1:${monitor}"`);
  const stored = replaceOnce(watched, 'store_dir: "/data"', `store_dir: "${home}/store"`);
  if (peers.length === 1) return stored;
  const clustered = replaceOnce(stored, '"0.0.0.0:6222"', `"127.0.0.1:${peer}"`);
  return clustered.replaceAll(
    new RegExp(String.raw`nats-route://${name}-(\d)\.${name}-peers\.[a-z-]+\.svc:6222`, "gu"),
    (_, index: string) => `nats-route://127.0.0.1:${peers[Number(index)]}`,
  );
}

function replaceOnce(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`the configuration has no ${from}, or several`);
  return text.replace(from, to);
}

function secretsOf({ objects, passwords }: ChartNatsOptions): (name: string, key: string) => string {
  return (name, key) => {
    const encoded = passwords === undefined ? findObject(objects, "Secret", name).data?.[key] : undefined;
    const value = passwords?.[key] ?? Buffer.from(encoded ?? "", "base64").toString();
    if (value === "") throw new Error(`Secret ${name} has no ${key}`);
    return value;
  };
}

function passwordsOf(
  options: ChartNatsOptions,
  container: ChartContainer,
): Readonly<Record<ServiceUser, string>> {
  const env = containerEnv(container, secretsOf(options), { "metadata.name": "any" });
  return Object.fromEntries(
    SERVICE_USERS.map((user) => [user, env[`PASSWORD_${user.toUpperCase()}`] ?? ""]),
  ) as Record<ServiceUser, string>;
}
