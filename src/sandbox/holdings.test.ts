import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import type { FakeBusClient } from "../../test/support/bus/fake-bus.ts";
import type { PublishFault } from "../../test/support/bus/fake-faults.ts";
import { FakeLauncher } from "../../test/support/sandbox/fake-launcher.ts";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import { silentLogger } from "../lib/logger.ts";
import { Holdings } from "./holdings.ts";
import { LeaseLedger } from "./lease-ledger.ts";
import type { LaunchedSandbox } from "./port.ts";

const LIMIT_MS = 3_600_000;
const ref = create(AttemptRefSchema, { namespace: "ns", jobUid: "0123456789ab", environmentUid: "envuid" });
const holder = { ref, purpose: "agent", generation: 0 } as const;

let clock: VirtualClock;
let bus: FakeBus;
let client: FakeBusClient;
/** What happens to the publishes of leases, in order. */
let faults: PublishFault[];

beforeEach(() => {
  clock = new VirtualClock();
  faults = [];
  bus = new FakeBus({ replicas: 1, clock, faults: { onPublish: () => faults.shift() } });
  client = bus.connect("controller");
});
afterEach(() => bus.stop());

const later = (delayMs: number): Promise<void> => clock.run(clock.sleep(delayMs), LIMIT_MS);
const recorded = (): ReturnType<LeaseLedger["recorded"]> =>
  clock.run(new LeaseLedger(client, clock).recorded("envuid"), LIMIT_MS);

const startBox = (): Promise<LaunchedSandbox> =>
  new FakeLauncher().start({
    sandboxUid: "box",
    spec: sandboxSpecSchema.parse({}),
    localFolder: null,
    publicKeys: [],
  });

/** Leases a sandbox and lets go of it again. */
async function leaseAndRetire(): Promise<void> {
  const ledger = new LeaseLedger(client, clock);
  const holdings = new Holdings(ledger, { clock, logger: silentLogger, onOrphan: () => undefined });
  const sandbox = await startBox();
  const lease = await clock.run(ledger.lease("box", holder), LIMIT_MS);
  if (lease.kind !== "leased") throw new Error(lease.kind);
  holdings.add("key", { ...holder, ...lease, sandbox, source: "cold" });
  holdings.retire("key");
}

describe("the record of a sandbox that is gone", () => {
  it("goes too", async () => {
    await leaseAndRetire();
    await later(1000);
    expect(await recorded()).toEqual({ leases: [], retired: [] });
  });

  it("goes too where the one lease that was sent had no answer", async () => {
    faults = ["lost_after"];
    await leaseAndRetire();
    await later(1000);
    expect(faults).toEqual([]);
    expect(await recorded()).toEqual({ leases: [], retired: [] });
  });

  it("stays while its lease may still arrive once more, and goes with the next process", async () => {
    faults = [{ delayMs: 120_000 }];
    await leaseAndRetire();
    expect(clock.elapsedMs).toBeLessThan(120_000);
    await later(240_000);
    expect(await recorded()).toEqual({ leases: [], retired: ["box"] });
    const next = new Holdings(new LeaseLedger(client, clock), {
      clock,
      logger: silentLogger,
      onOrphan: () => undefined,
    });
    next.forgetVanished(["box"]);
    await later(1000);
    expect(await recorded()).toEqual({ leases: [], retired: [] });
  });
});

describe("what counts as a sandbox", () => {
  it("is one that lives until it has ended, and none that went with an earlier process", async () => {
    const ledger = new LeaseLedger(client, clock);
    const holdings = new Holdings(ledger, { clock, logger: silentLogger, onOrphan: () => undefined });
    const counted = () => ({ live: holdings.live, byJob: holdings.heldByJob().get(ref.jobUid) ?? 0 });
    for (const uid of ["gone", "also-gone"]) await clock.run(ledger.lease(uid, holder), LIMIT_MS);
    for (const lease of (await recorded()).leases) holdings.addRecorded(lease.sandboxUid, lease, null);
    expect(counted()).toEqual({ live: 0, byJob: 0 });
    const sandbox = await startBox();
    const lease = await clock.run(ledger.lease("box", holder), LIMIT_MS);
    if (lease.kind !== "leased") throw new Error(lease.kind);
    holdings.add("key", { ...holder, ...lease, sandbox, source: "cold" });
    holdings.retire("gone");
    expect(counted()).toEqual({ live: 1, byJob: 1 });
    holdings.retire("key");
    expect(counted()).toEqual({ live: 1, byJob: 0 });
    await later(1000);
    expect(counted()).toEqual({ live: 0, byJob: 0 });
  });
});
