import { afterEach, describe, expect, it } from "vitest";
import type { FakeBusClient } from "../../test/support/bus/fake-bus.ts";
import type { PublishFault } from "../../test/support/bus/fake-faults.ts";
import { attemptOf, BrokerWorld } from "../../test/support/sandbox/broker-world.ts";
import { FakeLauncher } from "../../test/support/sandbox/fake-launcher.ts";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import type { SandboxBroker } from "./broker.ts";

let world: BrokerWorld;
let controller: FakeBusClient;

/** A broker whose writes of leases meet the faults, the last one first. */
function startBroker(faults: PublishFault[] = []): Promise<SandboxBroker> {
  world = new BrokerWorld(faults);
  controller = world.bus.connect("controller");
  return world.startBroker({
    bus: controller,
    launcher: new FakeLauncher(),
    spec: sandboxSpecSchema.parse({}),
  });
}

async function leasesOnRecord(): Promise<readonly string[]> {
  return (await world.recorded()).leases.map(({ sandboxUid }) => sandboxUid);
}

afterEach(() => world.close());

describe("a broker that stops for good", () => {
  const holder = { ref: attemptOf(7), purpose: "agent", generation: 0 } as const;

  it("retires a lease of a process before it that came after it had read what there is", async () => {
    const broker = await startBroker();
    await world.run(world.ledger().lease("late", holder));
    await world.leased({ ref: attemptOf(0) });
    await world.stop(broker);
    expect(await leasesOnRecord()).toEqual([]);
  });

  it("retires the lease that it was just writing, whose answer never came", async () => {
    const broker = await startBroker(["lost_after"]);
    void world.claiming({ ref: attemptOf(0) });
    await world.later(2_000);
    expect(await leasesOnRecord()).toHaveLength(1);
    await world.stop(broker);
    expect(await leasesOnRecord()).toEqual([]);
  });

  it("retires a lease whose first retirement nobody answered", async () => {
    const faults: PublishFault[] = [];
    const broker = await startBroker(faults);
    await world.leased({ ref: attemptOf(0) });
    faults.push("lost_before");
    await world.stop(broker);
    expect(await leasesOnRecord()).toEqual([]);
  });

  it("leaves the leases of another environment alone", async () => {
    const broker = await startBroker();
    const other = { ...holder, ref: { ...holder.ref, environmentUid: "other" } };
    await world.run(world.ledger().lease("theirs", other));
    await world.stop(broker);
    expect((await world.run(world.ledger().recorded("other"))).leases).toHaveLength(1);
  });

  it("waits for no bus that is gone", async () => {
    const broker = await startBroker();
    await world.leased({ ref: attemptOf(0) });
    controller.disconnect();
    const before = world.clock.monotonicMs();
    await world.stop(broker);
    expect(world.clock.monotonicMs() - before).toBeLessThanOrEqual(10_000);
  });

  it("leaves every lease to the next leader when it hands over", async () => {
    const broker = await startBroker();
    await world.run(world.ledger().lease("late", holder));
    await world.leased({ ref: attemptOf(0) });
    await world.stop(broker, { handOver: true });
    expect(await leasesOnRecord()).toHaveLength(2);
  });
});
