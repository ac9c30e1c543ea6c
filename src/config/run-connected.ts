import { access } from "node:fs/promises";
import { join } from "node:path";
import { Registry } from "prom-client";
import { connectOnceUp } from "../bus/jetstream/connect.ts";
import type { BusInspector } from "../bus/inspection.ts";
import { StreamSync, syncBefore } from "../bus/nats-server-sync.ts";
import type { Bus } from "../bus/port.ts";
import type { StreamSizing } from "../bus/stream-settings.ts";
import { tellSilentStreams } from "../bus/tell-silent-streams.ts";
import { systemClock } from "../lib/clock.ts";
import { createBusMetrics } from "../telemetry/bus-metrics.ts";
import { MetricMaker } from "../telemetry/metric-makers.ts";
import { startTelemetryServer } from "../telemetry/telemetry-server.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { ServiceContext } from "./service-main.ts";

/** Where a service finds the bus, and where it is watched. */
export interface ConnectedService {
  readonly name: string;
  readonly nats: {
    readonly servers: readonly string[];
    readonly user: string;
    /** Of a local run that it joins. */
    readonly store?: string | undefined;
  };
  readonly metrics: { readonly host: string; readonly port: number };
  /** What it makes the streams with, if it does. */
  readonly sizing?: StreamSizing;
}

/** What a service works with once the bus has answered. */
export interface ServiceParts {
  readonly bus: Bus & BusInspector;
  readonly maker: MetricMaker;
  /** Where it is watched. */
  readonly metricsPort: number;
}

/**
 * Runs a service's work on the bus. It is watched from the beginning, and not ready while there is no connection; a bus that
 * does not answer yet is waited for until the process is told to stop, which is a good end.
 * Rejects with `bus_forbidden` when the bus refuses user or password, `bad_input` for an address in use.
 */
export async function runConnected(
  { name, nats, metrics, sizing }: ConnectedService,
  { natsPassword, logger, stop }: ServiceContext,
  work: (parts: ServiceParts) => Promise<void>,
): Promise<void> {
  const { servers, user } = nats;
  const syncing = await syncingOf(nats.store);
  const registry = new Registry();
  const maker = new MetricMaker(registry);
  let isConnected = false;
  const isReady = (): boolean => isConnected && !stop.aborted;
  const telemetry = await startTelemetryServer({ registry, ...metrics, isReady });
  try {
    const login = {
      servers,
      user,
      ...syncing,
      ...(natsPassword === undefined ? {} : { password: natsPassword }),
    };
    const about = { name: `rollyard-${name}`, logger, metrics: createBusMetrics(maker) };
    const bus = await connectOnceUp(
      { ...login, ...about, ...(sizing === undefined ? {} : { sizing }) },
      stop,
    );
    if (bus === null) return;
    isConnected = true;
    bus.onStatus((status) => (isConnected = status === "connected"));
    const working = new AbortController();
    void tellSilentStreams(bus, systemClock, working.signal);
    try {
      await work({ bus, maker, metricsPort: telemetry.port });
    } finally {
      working.abort();
      await bus.close();
    }
  } finally {
    await telemetry.close();
  }
}

/** In a local run each step is on the disk before the next is published, also by who has joined it. */
async function syncingOf(store: string | undefined) {
  if (store === undefined) return {};
  try {
    await access(join(store, "store", "jetstream"));
  } catch (cause) {
    const message = `nats.store: ${store} is not the store of a run (see its .rollyard/join.json).`;
    throw new RollyardError("bad_input", { message, cause });
  }
  return { beforePublish: syncBefore(new StreamSync(store)) };
}
