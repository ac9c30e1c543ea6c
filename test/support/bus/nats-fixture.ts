import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { awaitReplicas } from "./await-replicas.ts";
import { freePort } from "../lib/free-port.ts";
import { spawnInContainer } from "./nats-container.ts";
import { findNatsServer } from "../../../src/bus/find-nats-server.ts";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { randomPasswords, startNatsServer } from "../../../src/bus/nats-server-process.ts";
import type { NatsServer, NatsServerOptions } from "../../../src/bus/nats-server-process.ts";
import { answersAsJetStream } from "../../../src/bus/probe-nats.ts";
import type { Bus } from "../../../src/bus/port.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import { LOCAL_SIZING } from "../../../src/bus/stream-settings.ts";
import type { StreamSizing } from "../../../src/bus/stream-settings.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** Real servers for tests; their stores are removed at `stop`. */
export interface NatsFixture {
  readonly servers: readonly NatsServer[];
  /** A client of a service, by default of the controller, who may do most. */
  connect(name: string, user?: ServiceUser, sizing?: Partial<StreamSizing>): Promise<Bus>;
  /** Kills each server and waits until it runs again, one after the other, then until the replicas have caught up. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What runs the servers: this machine, or the Docker engine of the tests. */
export type NatsSupplier = "binary" | "container";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SETTLE_MS = 100;

/** One server, or a cluster of three, on free loopback ports. */
export async function startNatsFixture(
  replicas: 1 | 3 = 1,
  supplier: NatsSupplier = "binary",
): Promise<NatsFixture> {
  const folder = await ownedFolder("rollyard-nats-");
  const servers = await startAll(folder, replicas, supplier);
  const [first] = servers;
  if (first === undefined) throw new TypeError("no server was started");
  return {
    servers,
    connect: (name, user = "controller", sizing = {}) =>
      connectJetStream({
        servers: servers.map(({ address }) => address),
        ...first.login(user),
        name,
        logger: silentLogger,
        requestTimeoutMs: 30_000,
        sizing: { ...LOCAL_SIZING, replicas, ...sizing },
      }),
    restart: async () => {
      for (const server of servers) await killAndAwait(server);
      await awaitReplicas(servers);
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The nats-server of this clone, else of PATH. */
export function testNatsServer(): Promise<string> {
  // Tests read the environment themselves: there is no main.ts above them.
  const searchPath = globalThis.process.env["PATH"] ?? "";
  return findNatsServer({ root: ROOT, searchPath });
}

async function startAll(
  folder: string,
  replicas: 1 | 3,
  supplier: NatsSupplier,
): Promise<readonly NatsServer[]> {
  const binary = await testNatsServer();
  const spawn = supplier === "container" ? { spawn: spawnInContainer } : {};
  const common = { binary, logger: silentLogger, passwords: randomPasswords(), ...spawn };
  if (replicas === 1) return [await startNatsServer({ ...common, folder: join(folder, "1") })];
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`);
  const member = (port: number, index: number): NatsServerOptions => ({
    ...common,
    folder: join(folder, String(index + 1)),
    cluster: { name: "rollyard-test", server: `n${index + 1}`, port, routes },
  });
  return Promise.all(ports.map((port, index) => startNatsServer(member(port, index))));
}

/** Kills a server and waits until it runs again: its supervisor starts it by itself. */
export async function killAndAwait(server: NatsServer): Promise<void> {
  const before = server.pid();
  const port = Number(server.address.split(":")[1]);
  process.kill(before, "SIGKILL");
  while (server.pid() === before || !(await answersAsJetStream(port))) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}
