import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { natsServerConfig } from "../../../src/bus/nats-server-config.ts";
import type { NatsServerSettings } from "../../../src/bus/nats-server-config.ts";
import { SERVICE_USERS } from "../../../src/bus/permissions.ts";
import { answersAsJetStream } from "../../../src/bus/probe-nats.ts";
import { freePort } from "../../support/lib/free-port.ts";
import { Service } from "./service.ts";

/** One nats-server of a run. */
export interface NatsNode {
  readonly name: string;
  readonly port: number;
  readonly service: Service;
}

/** How often a server brings its files to the disk. */
export type SyncInterval = "always" | "1s" | "2m";

/** How a run's servers are made. */
export interface NatsOptions {
  readonly binary: string;
  /** One for each server: its configuration, its log, and, unless it is elsewhere, its store. */
  readonly folders: readonly string[];
  /** Where each has its store. */
  readonly stores?: readonly string[];
  /** Of every user: the processes of a run get theirs from the environment. */
  readonly password: string;
  readonly syncInterval: SyncInterval;
  readonly restartMs: () => number;
}

const STORE_BYTES = 64 * 1024 ** 3;

/** Makes one server a folder, not started yet; several are one cluster, whose clients learn of no other address. */
export async function makeNatsNodes(options: NatsOptions): Promise<readonly NatsNode[]> {
  const ports = await Promise.all(options.folders.map(() => freePort()));
  const routePorts = await Promise.all(options.folders.map(() => freePort()));
  return Promise.all(
    options.folders.map(async (folder, index) => {
      const name = `nats-${index + 1}`;
      const port = ports[index] ?? 0;
      const settings: NatsServerSettings = {
        port,
        folder,
        passwords: samePassword(options.password),
        maxFileStoreBytes: STORE_BYTES,
        ...(options.folders.length === 1 ? {} : { cluster: clusterOf(name, index, routePorts) }),
      };
      const file = await writeConfig(settings, {
        sync_interval: options.syncInterval,
        store_dir: options.stores?.[index] ?? join(folder, "store"),
      });
      const service = new Service({
        name,
        command: [options.binary, "-c", file],
        logFile: join(folder, "output.log"),
        restartMs: options.restartMs,
        isUp: () => answersAsJetStream(port),
      });
      return { name, port, service };
    }),
  );
}

function samePassword(password: string): NatsServerSettings["passwords"] {
  return Object.fromEntries(SERVICE_USERS.map((user) => [user, password])) as NatsServerSettings["passwords"];
}

function clusterOf(
  server: string,
  index: number,
  ports: readonly number[],
): NonNullable<NatsServerSettings["cluster"]> {
  const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`);
  return { name: "rollyard-chaos", server, port: ports[index] ?? 0, routes };
}

async function writeConfig(
  settings: NatsServerSettings,
  jetstream: { readonly sync_interval: SyncInterval; readonly store_dir: string },
): Promise<string> {
  const { folder } = settings;
  await mkdir(folder, { recursive: true });
  const base = JSON.parse(natsServerConfig(settings)) as {
    readonly jetstream: object;
    readonly cluster?: object;
  };
  const config = {
    ...base,
    jetstream: { ...base.jetstream, ...jetstream },
    // Clients have to come through their links.
    ...(base.cluster === undefined ? {} : { cluster: { ...base.cluster, no_advertise: true } }),
  };
  const file = join(folder, "nats-server.conf");
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
