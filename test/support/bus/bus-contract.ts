import { afterAll, beforeAll, describe } from "vitest";

import type { Bus } from "../../../src/bus/port.ts";
import { LOCAL_MAX_BYTES } from "../../../src/bus/stream-settings.ts";
import { ACK_WAIT_MS, SMALL_STREAM_BYTES } from "./contract-context.ts";
import type { BusUnderTest, ContractContext, MakeBus } from "./contract-context.ts";
import { describeLogs } from "./contract-logs.ts";
import { describeMessenger } from "./contract-messenger.ts";
import { describePayloads } from "./contract-payloads.ts";
import { describeRestart } from "./contract-restart.ts";
import { describeStreams } from "./contract-streams.ts";
import { describeWork } from "./contract-work.ts";

/** What every bus must do, be it in memory, one server or three. */
export function describeBusContract(name: string, makeBus: MakeBus): void {
  describe(`the bus contract: ${name}`, () => {
    let servers: BusUnderTest | undefined;
    let bus: Bus | undefined;
    let worker: Bus | undefined;

    beforeAll(async () => {
      const maxBytes = { ...LOCAL_MAX_BYTES, leases: SMALL_STREAM_BYTES, work: 4 * SMALL_STREAM_BYTES };
      servers = await makeBus({ ackWaitMs: ACK_WAIT_MS, maxBytes });
      bus = await servers.connect("contract");
      await bus.ensureStreams();
      worker = await servers.connect("worker", "worker");
    });

    afterAll(async () => {
      await bus?.close();
      await worker?.close();
      await servers?.stop();
    });

    const context: ContractContext = {
      bus: () => present(bus),
      worker: () => present(worker),
      servers: () => present(servers),
    };
    describeLogs(context);
    describeWork(context);
    describeStreams(context);
    describePayloads(context);
    describeMessenger(context);
    describeRestart(context);
  });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("the bus under test did not start");
  return value;
}
