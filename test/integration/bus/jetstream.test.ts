import { describe } from "vitest";

import { describeBusContract } from "../../support/bus/bus-contract.ts";
import type { MakeBus } from "../../support/bus/contract-context.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import type { NatsSupplier } from "../../support/bus/nats-fixture.ts";
import { whyNoEngine } from "../../support/docker/no-engine.ts";

function real(replicas: 1 | 3, supplier: NatsSupplier = "binary"): MakeBus {
  return async (sizing) => {
    const fixture = await startNatsFixture(replicas, supplier);
    return {
      connect: (name, user) => fixture.connect(name, user, sizing),
      restart: () => fixture.restart(),
      stop: () => fixture.stop(),
    };
  };
}

describeBusContract("one nats-server", real(1));
describeBusContract("a cluster of three nats-servers", real(3));

const missing = whyNoEngine();
describe.skipIf(missing !== null)(`on a Docker engine${missing === null ? "" : `: ${missing}`}`, () => {
  describeBusContract("one nats-server in a container", real(1, "container"));
});
