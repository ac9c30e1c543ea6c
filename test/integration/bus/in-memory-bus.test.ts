import { describeBusContract } from "../../support/bus/bus-contract.ts";
import type { MakeBus } from "../../support/bus/contract-context.ts";
import { FakeBus } from "../../support/bus/fake-bus.ts";

const OUTAGE_MS = 50;

function fake(replicas: 1 | 3): MakeBus {
  return async ({ ackWaitMs, maxBytes }) => {
    const servers = new FakeBus({ replicas, ackWaitMs, maxBytes });
    return {
      connect: async (name) => servers.connect(name),
      restart: async () => {
        servers.down();
        await servers.clock.sleep(OUTAGE_MS);
        servers.up();
      },
      stop: async () => servers.stop(),
    };
  };
}

describeBusContract("in memory, one server", fake(1));
describeBusContract("in memory, three servers", fake(3));
