import { describeBusContract } from "../../support/bus/bus-contract.ts";
import type { MakeBus } from "../../support/bus/contract-context.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";

function real(replicas: 1 | 3): MakeBus {
  return async (sizing) => {
    const fixture = await startNatsFixture(replicas);
    return {
      connect: (name, user) => fixture.connect(name, user, sizing),
      restart: () => fixture.restart(),
      stop: () => fixture.stop(),
    };
  };
}

describeBusContract("one nats-server", real(1));
describeBusContract("a cluster of three nats-servers", real(3));
