import { join } from "node:path";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Logger } from "../../../src/lib/logger.ts";
import type { ClosableLogger } from "../../../src/telemetry/pino-logger.ts";
import { createPinoLogger } from "../../../src/telemetry/pino-logger.ts";

/** How a part reaches the bus, and where it may write. */
export interface BusLogin {
  readonly address: string;
  readonly user: "controller" | "worker" | "grader";
  readonly password: string;
  /** Temporary folder of the run. */
  readonly folder: string;
}

/** A part's log: written as in production, since that costs too. */
export function partLogger({ folder, user }: BusLogin): ClosableLogger {
  return createPinoLogger({ file: join(folder, `${user}.log`) });
}

/** Connects as the service. */
export function connectPart(login: BusLogin, logger: Logger): Promise<Bus> {
  const { address, user, password } = login;
  return connectJetStream({ servers: [address], user, password, name: user, logger, clock: systemClock });
}
