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
  /** How long a stream answers nothing before it counts as silent; 10 s. */
  readonly silentAfterMs?: number;
  /** Longest time until a read is `bus_unavailable`; 10 s. */
  readonly requestTimeoutMs?: number;
  /** Longest wait for the first connection; 10 s. */
  readonly connectTimeoutMs?: number;
}

const DIAL_TIMEOUT_MS = 2000;
const DIAL_RETRY_MS = 200;
const TELL_AGAIN_MS = 30_000;
const RECONNECT_WAIT_MS = 250;
const PING_MS = 15_000;

/**
 * Connects to JetStream; the connection then never gives up by itself.
 * Throws `bus_unavailable` when no server answers in time, `bus_forbidden` when it refuses user or password.
 */
export async function connectJetStream(options: JetStreamOptions): Promise<Bus & BusInspector> {
  const clock = options.clock ?? systemClock;
  const deadlineMs = clock.monotonicMs() + (options.connectTimeoutMs ?? 10_000);
  for (;;) {
    try {
      return await dial(options, clock);
    } catch (error) {
      if (!isUnavailable(error) || clock.monotonicMs() >= deadlineMs) throw error;
      await clock.sleep(DIAL_RETRY_MS);
    }
  }
}

/**
 * As {@link connectJetStream}, but waits for a server without limit, and says so in the log; null once the signal aborts.
 * Throws `bus_forbidden`.
 */
export async function connectOnceUp(
  options: Omit<JetStreamOptions, "connectTimeoutMs">,
  signal: AbortSignal,
): Promise<(Bus & BusInspector) | null> {
  const clock = options.clock ?? systemClock;
  let toldMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      return await dial(options, clock);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
    if (clock.monotonicMs() - toldMs >= TELL_AGAIN_MS) {
      options.logger.warn("no message bus answers; waiting for one", { servers: options.servers.join(" ") });
      toldMs = clock.monotonicMs();
    }
    await clock.sleep(DIAL_RETRY_MS, signal);
  }
  return null;
}

/** One try. Throws `bus_unavailable`, `bus_forbidden`. */
async function dial(options: JetStreamOptions, clock: Clock): Promise<Bus & BusInspector> {
  const inboxPrefix = inboxPrefixOf(options.user);
  const connection = new BusConnection(await connectOrRefuse(natsOptions(options, inboxPrefix)), {
    inboxPrefix,
    clock,
    logger: options.logger,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
  });
  return new JetStreamBus(connection, {
    sizing: options.sizing ?? LOCAL_SIZING,
    publishTimeoutMs: options.publishTimeoutMs ?? 5000,
    silentAfterMs: options.silentAfterMs,
    clock,
    metrics: options.metrics ?? noMetrics,
    ...(options.deliveries === undefined ? {} : { deliveries: options.deliveries }),
    ...(options.beforePublish === undefined ? {} : { beforePublish: options.beforePublish }),
  });
}

async function connectOrRefuse(options: NatsOptions): Promise<NatsConnection> {
  try {
    return await connect(options);
  } catch (cause) {
    if (!(cause instanceof AuthorizationError)) throw new RollyardError("bus_unavailable", { cause });
    const message = "The message bus refuses the user or password.";
    throw new RollyardError("bus_forbidden", { message, cause });
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof RollyardError && error.code === "bus_unavailable";
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
