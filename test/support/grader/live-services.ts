import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNatsServer } from "../../../src/bus/find-nats-server.ts";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import { LOCAL_SIZING } from "../../../src/bus/stream-settings.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

const CLONE = fileURLToPath(new URL("../../../", import.meta.url));

/** Path of the sandboxd that the set-up built. */
export const SANDBOXD = join(CLONE, ".cache/bin/sandboxd");

/** A real nats-server with its streams. */
export interface LiveBus {
  connect(user: ServiceUser): Promise<Bus>;
  readonly address: string;
  /** Password of a service's user. */
  password(user: ServiceUser): string;
  /** Ends connections and server, and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a nats-server in a temporary folder and makes the streams; work that nobody beats for goes to another after `ackWaitMs`. */
export async function startLiveBus(ackWaitMs = LOCAL_SIZING.ackWaitMs): Promise<LiveBus> {
  const folder = await ownedFolder("rollyard-grader-bus-");
  const binary = await findNatsServer({ root: CLONE });
  const server = await startNatsServer({ binary, folder, logger: silentLogger });
  const sizing = { ...LOCAL_SIZING, ackWaitMs };
  const buses: Bus[] = [];
  const connect = async (user: ServiceUser): Promise<Bus> => {
    const options = { servers: [server.address], name: `test-${user}`, logger: silentLogger, sizing };
    const bus = await connectJetStream({ ...options, ...server.login(user) });
    buses.push(bus);
    return bus;
  };
  await (await connect("controller")).ensureStreams();
  return {
    connect,
    address: server.address,
    password: (user) => server.login(user).password,
    stop: async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
