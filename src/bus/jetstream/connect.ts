import { AuthorizationError, connect } from "nats";
import type { ConnectionOptions as NatsOptions, NatsConnection } from "nats";

import { RollyardError } from "../../errors/rollyard-error.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { inboxPrefixOf } from "../permissions.ts";
import { noMetrics } from "../../telemetry/metrics-port.ts";
import type { BusMetrics } from "../../telemetry/metrics-port.ts";
import type { DeliveryTable } from "../delivery-table.ts";
import type { BusInspector } from "../inspection.ts";
import type { Bus } from "../port.ts";
import { LOCAL_SIZING } from "../stream-settings.ts";
import type { StreamSizing } from "../stream-settings.ts";
import { BusConnection } from "./connection.ts";
import { JetStreamBus } from "./jetstream-bus.ts";

/** Where the bus is and who asks. */
export interface JetStreamOptions {
  /** `host:port` of each server. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** Shown by the server's own monitoring. */
  readonly name: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly metrics?: BusMetrics;
  /** Keeps what is delivered more than once. */
  readonly deliveries?: DeliveryTable;
  /** Awaited before each message is sent; nothing is sent when it rejects. */
  readonly beforePublish?: (subject: string) => Promise<void>;
  /** What `ensureStreams` creates; only the controller and a local run need it. */
  readonly sizing?: StreamSizing;
  /** Longest time until a publish is `unknown`; 5 s. */
  readonly publishTimeoutMs?: number;
  /** Longest time until a read is `bus_unavailable`; 10 s. */
  readonly requestTimeoutMs?: number;
  /** Longest wait for the first connection; 10 s. */
  readonly connectTimeoutMs?: number;
}

const DIAL_TIMEOUT_MS = 2000;
const DIAL_RETRY_MS = 200;
const RECONNECT_WAIT_MS = 250;
const PING_MS = 15_000;

/**
 * Connects to JetStream; the connection then never gives up by itself.
 * Throws `bus_unavailable` when no server answers in time, `bus_forbidden` when it refuses user or password.
 */
export async function connectJetStream(options: JetStreamOptions): Promise<Bus & BusInspector> {
  const clock = options.clock ?? systemClock;
  const inboxPrefix = inboxPrefixOf(options.user);
  const nats = await dial(options, clock, inboxPrefix);
  const connection = new BusConnection(nats, {
    inboxPrefix,
    clock,
    logger: options.logger,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  });
  return new JetStreamBus(connection, {
    sizing: options.sizing ?? LOCAL_SIZING,
    publishTimeoutMs: options.publishTimeoutMs ?? 5000,
    clock,
    metrics: options.metrics ?? noMetrics,
    ...(options.deliveries === undefined ? {} : { deliveries: options.deliveries }),
    ...(options.beforePublish === undefined ? {} : { beforePublish: options.beforePublish }),
  });
}

async function dial(options: JetStreamOptions, clock: Clock, inboxPrefix: string): Promise<NatsConnection> {
  const deadlineMs = clock.monotonicMs() + (options.connectTimeoutMs ?? 10_000);
  for (;;) {
    try {
      return await connect(natsOptions(options, inboxPrefix));
    } catch (cause) {
      if (cause instanceof AuthorizationError) {
        throw new RollyardError("bus_forbidden", {
          message: "The message bus refuses the user or password.",
          cause,
        });
      }
      if (clock.monotonicMs() >= deadlineMs) throw new RollyardError("bus_unavailable", { cause });
      await clock.sleep(DIAL_RETRY_MS);
    }
  }
}

/** A new object each time: the client writes into the one that it gets. */
function natsOptions(options: JetStreamOptions, inboxPrefix: string): NatsOptions {
  return {
    servers: [...options.servers],
    name: options.name,
    inboxPrefix,
    timeout: DIAL_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    // Without it two refused logins in a row (a server that is still reading its users) end the client for good.
    ignoreAuthErrorAbort: true,
    // An Error a request doubles the CPU of a publish.
    noAsyncTraces: true,
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.password === undefined ? {} : { pass: options.password }),
  };
}
