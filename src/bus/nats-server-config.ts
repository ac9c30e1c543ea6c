import { SERVICE_USERS, permissionsOf } from "./permissions.ts";
import type { ServiceUser } from "./permissions.ts";

/** What a local server's configuration depends on. */
export interface NatsServerSettings {
  /** -1 lets the server choose; it writes the port into a file in `folder`. */
  readonly port: number;
  /** Holds the store, the log and the port file. */
  readonly folder: string;
  readonly passwords: Readonly<Record<ServiceUser, string>>;
  /** Bytes that all streams together may reserve. */
  readonly maxFileStoreBytes: number;
  /** Members of a local cluster, in tests. */
  readonly cluster?: {
    readonly name: string;
    readonly server: string;
    readonly port: number;
    readonly routes: readonly string[];
  };
}

/** Largest message, headers included. */
export const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024;

const LOG_BYTES = 8 * 1024 * 1024;
/** What a server keeps in memory at most: consumers of one read live there. */
export const MEMORY_BYTES = 64 * 1024 * 1024;

/**
 * The configuration of a nats-server on this machine, as text (the server takes JSON). It listens on loopback only;
 * a second between file syncs is what a crash of the machine, not of the process, may cost.
 */
export function natsServerConfig(settings: NatsServerSettings): string {
  const { cluster, folder } = settings;
  return JSON.stringify(
    {
      host: "127.0.0.1",
      port: settings.port,
      ports_file_dir: folder,
      log_file: `${folder}/nats-server.log`,
      logfile_size_limit: LOG_BYTES,
      logfile_max_num: 2,
      max_payload: MAX_PAYLOAD_BYTES,
      ...(cluster === undefined ? {} : clusterPart(cluster)),
      jetstream: {
        store_dir: `${folder}/store`,
        sync_interval: "1s",
        max_file_store: settings.maxFileStoreBytes,
        max_memory_store: MEMORY_BYTES,
      },
      authorization: { users: SERVICE_USERS.map((user) => userPart(user, settings.passwords[user])) },
    },
    null,
    2,
  );
}

function userPart(user: ServiceUser, password: string): object {
  return { user, password, permissions: permissionsOf(user) };
}

function clusterPart(cluster: NonNullable<NatsServerSettings["cluster"]>): object {
  return {
    server_name: cluster.server,
    cluster: {
      name: cluster.name,
      host: "127.0.0.1",
      port: cluster.port,
      routes: cluster.routes,
      pool_size: 1,
    },
  };
}
