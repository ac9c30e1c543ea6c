import type { DeliveryTable } from "../../../src/bus/delivery-table.ts";
import type { BusInspector } from "../../../src/bus/inspection.ts";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import type { NatsServer } from "../../../src/bus/nats-server-process.ts";
import { syncBefore } from "../../../src/bus/nats-server-sync.ts";
import type { StreamSync } from "../../../src/bus/nats-server-sync.ts";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import type { Bus } from "../../../src/bus/port.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import type { RunTelemetry } from "./start-run-telemetry.ts";

/** What every connection of a local run has. */
export interface ConnectOptions {
  readonly telemetry: RunTelemetry;
  readonly clock: Clock;
  readonly deliveries: DeliveryTable;
  readonly store: StreamSync;
}

/** Connects a part of a local run to its bus, with that service's rights. */
export function connectAs(
  server: NatsServer,
  user: ServiceUser,
  options: ConnectOptions,
): Promise<Bus & BusInspector> {
  const { telemetry, clock, deliveries, store } = options;
  return connectJetStream({
    servers: [server.address],
    ...server.login(user),
    name: `rollyard-${user}`,
    logger: telemetry.logger.child({ service: user }),
    clock,
    metrics: telemetry.metrics.bus,
    deliveries,
    beforePublish: syncBefore(store),
  });
}
