import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { attemptOf as ref, BrokerWorld } from "../../test/support/sandbox/broker-world.ts";
import { FakeCluster } from "../../test/support/sandbox/fake-cluster.ts";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { ClaimOutcome } from "../rollout/sandbox-lease.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { SandboxBroker } from "./broker.ts";
import type { SandboxLauncher } from "./port.ts";

const spec = (fields: object = {}) => sandboxSpecSchema.parse({ image: "registry.example/a:1", ...fields });

let world: BrokerWorld;
let cluster: FakeCluster;
let leaders = 0;

beforeEach(() => {
  world = new BrokerWorld();
  cluster = new FakeCluster();
});

afterEach(() => world.close());

const later = (ms: number): Promise<void> => world.later(ms);

function lead(fields: object = {}, options: Partial<BrokerOptions> = {}): Promise<SandboxBroker> {
  const bus = world.bus.connect(`controller-${(leaders += 1)}`);
  return world.startBroker({ bus, launcher: cluster.launcher(), spec: spec(fields), ...options });
}

const handOver = (broker: SandboxBroker): Promise<void> => world.stop(broker, { handOver: true });

const claiming = (attempt: AttemptRef): Promise<ClaimOutcome> => world.claiming({ ref: attempt });

async function leasedUid(attempt: AttemptRef, purpose: "agent" | "grade" = "agent"): Promise<string> {
  return (await world.leased({ ref: attempt, purpose })).lease.sandboxUid;
}

describe("a change of leaders", () => {
  it("leaves leased sandboxes, agents' and graders', to those who hold them, and ready ones to the next leader", async () => {
    const first = await lead({ warmReplicas: 2 });
    const [agent, grade] = [await leasedUid(ref(0)), await leasedUid(ref(0), "grade")];
    await later(2000);
    await handOver(first);
    expect(cluster.live).toHaveLength(4);
    const next = await lead({ warmReplicas: 2 });
    await later(2000);
    expect(cluster.starts).toBe(4);
    expect(next.snapshot()).toMatchObject({ ready: 2, leased: 2, replicas: 4 });
    expect(await leasedUid(ref(0))).toBe(agent);
    expect(await leasedUid(ref(0), "grade")).toBe(grade);
  });

  it("lets the next leader end a sandbox that the earlier one leased, and forget its record", async () => {
    await handOver(await leadAndLease());
    const next = await lead();
    next.release(ref(0));
    await later(2000);
    expect(cluster.live).toEqual([]);
    expect(await world.recorded()).toEqual({ leases: [], retired: [] });
  });

  it("ends ready sandboxes that nobody needs any more, once they are retired on record, and counts them", async () => {
    await handOver(await leadWarm(2));
    let orphans = 0;
    await lead({ image: "registry.example/b:1" }, { observer: { orphanRemoved: () => (orphans += 1) } });
    await later(2000);
    expect(cluster.live).toEqual([]);
    expect(orphans).toBe(2);
    expect(await world.recorded()).toEqual({ leases: [], retired: [] });
  });

  it("never ends a sandbox that another leader has leased meanwhile, and answers for it", async () => {
    await handOver(await leadWarm(1));
    const uid = cluster.live[0]?.sandboxUid ?? "";
    const stale = world.ledger();
    const launcher = cluster.launcher();
    const meanwhile: SandboxLauncher = {
      ...launcher,
      adopt: (leased) => {
        // The leases have been read by now.
        void stale.lease(uid, { ref: ref(5), purpose: "agent", generation: 0 });
        return launcher.adopt?.(leased) ?? [];
      },
    };
    await lead({ image: "registry.example/b:1" }, { launcher: meanwhile });
    await later(2000);
    expect(cluster.live.map(({ sandboxUid }) => sandboxUid)).toEqual([uid]);
    expect(await leasedUid(ref(5))).toBe(uid);
  });

  it("ends the ready ones beyond those that are kept warm, once nobody has asked for any for a while", async () => {
    await handOver(await leadWarm(3));
    const next = await lead({ warmReplicas: 1 });
    await later(20_000);
    expect(next.snapshot().ready).toBe(3);
    await later(15_000);
    expect(cluster.live).toHaveLength(1);
    expect(next.snapshot()).toMatchObject({ ready: 1, replicas: 1 });
    expect(await world.recorded()).toEqual({ leases: [], retired: [] });
  });

  it("ends what is on record as retired", async () => {
    await handOver(await leadWarm(1));
    const uid = cluster.live[0]?.sandboxUid ?? "";
    const ledger = world.ledger();
    expect(await world.run(ledger.retireUnleased(uid, "envuid"))).toBe("won");
    await lead();
    await later(2000);
    expect(cluster.live).toEqual([]);
    expect(await world.recorded()).toEqual({ leases: [], retired: [] });
  });

  it("says that a sandbox is lost whose pod went while nobody led", async () => {
    await handOver(await leadAndLease());
    cluster.sandboxes.clear();
    await lead();
    expect(await world.run(claiming(ref(0)))).toMatchObject({ failure: { code: "sandbox_lost" } });
  });

  it("ends the sandboxes of attempts whose job went while nobody led", async () => {
    await handOver(await leadAndLease());
    const next = await lead();
    next.retireUnless(({ jobUid }) => jobUid !== "0123456789ab");
    await later(2000);
    expect(cluster.live).toEqual([]);
  });

  it("lets the next leader find what the earlier one was still creating", async () => {
    const first = await lead({ warmReplicas: 1 }, {});
    await later(500);
    const next = await lead({ warmReplicas: 0, image: "registry.example/b:1" });
    await later(500);
    first.update({ spec: spec({ warmReplicas: 2 }) });
    await later(500);
    await handOver(first);
    await later(35_000);
    expect(cluster.live).toEqual([]);
    expect(next.snapshot().replicas).toBe(0);
  });
});

async function leadAndLease(): Promise<SandboxBroker> {
  const broker = await lead();
  await leasedUid(ref(0));
  return broker;
}

async function leadWarm(count: number): Promise<SandboxBroker> {
  const broker = await lead({ warmReplicas: count });
  await later(2000);
  expect(cluster.live).toHaveLength(count);
  return broker;
}

describe("a job that was deleted", () => {
  it("keeps no sandbox, and gets none for what waits", async () => {
    const broker = await lead({ maxStarting: 2 });
    await leasedUid(ref(0));
    await leasedUid(ref(0), "grade");
    const other = await leasedUid(ref(1, 0, "ba9876543210"));
    cluster.pressure = { reason: "Unschedulable", message: "" };
    const waiting = Promise.all([2, 3].map((sample) => claiming(ref(sample))));
    await later(1000);
    broker.forgetJob("0123456789ab");
    expect((await world.run(waiting)).map(({ kind }) => kind)).toEqual(["gone", "gone"]);
    cluster.makeRoom();
    // What was starting for them is ready then, and kept for a while.
    await later(60_000);
    expect(cluster.live.map(({ sandboxUid }) => sandboxUid)).toEqual([other]);
    expect((await world.recorded()).leases).toHaveLength(1);
  });
});

describe("a cluster without room", () => {
  const quota = new RollyardError("sandbox_no_room", {
    message: "exceeded quota: q",
    details: { reason: "Quota" },
  });

  it("costs no attempt: claims wait, few starts are tried, and the reason is told", async () => {
    const broker = await lead();
    cluster.failure = quota;
    const waiting = Promise.all([0, 1, 2].map((sample) => claiming(ref(sample))));
    await later(60_000);
    expect(cluster.starts).toBeLessThan(25);
    expect(broker.snapshot()).toMatchObject({
      failed: 0,
      waiting: 3,
      breaker: { state: "closed" },
      pressure: { reason: "Quota", message: "exceeded quota: q" },
    });
    cluster.failure = null;
    expect((await world.run(waiting)).map(({ kind }) => kind)).toEqual(["leased", "leased", "leased"]);
    expect(broker.snapshot().pressure).toBeNull();
  });

  it("is told while sandboxes wait for a node", async () => {
    const broker = await lead();
    cluster.pressure = { reason: "Unschedulable", message: "0/3 nodes are available" };
    const waiting = claiming(ref(0));
    await later(10_000);
    expect(broker.snapshot()).toMatchObject({ pressure: cluster.pressure, starting: 1 });
    cluster.makeRoom();
    expect((await world.run(waiting)).kind).toBe("leased");
    expect(broker.snapshot().pressure).toBeNull();
  });

  const inQueue: Pick<BrokerOptions, "needOf"> = { needOf: () => ({ spec: spec(), queueName: "team" }) };

  it.each([
    ["an environment that it can't start", {}],
    ["a job that has a queue or a priority class, too,", inQueue],
  ])("lets claims of %s wait behind the breaker, with the reason", async (_, needs) => {
    const broker = await lead({}, needs);
    cluster.failure = new RollyardError("sandbox_unstartable", { message: "ErrImagePull: denied" });
    const waiting = claiming(ref(0));
    await later(120_000);
    expect(broker.snapshot().breaker).toMatchObject({ state: "open", lastReason: "ErrImagePull: denied" });
    cluster.failure = null;
    expect((await world.run(waiting)).kind).toBe("leased");
  });

  it("loses a sandbox that starts without costing its claim an attempt", async () => {
    await lead();
    cluster.failure = new RollyardError("sandbox_lost");
    const waiting = claiming(ref(0));
    await later(1000);
    cluster.failure = null;
    expect((await world.run(waiting)).kind).toBe("leased");
  });
});

describe("an attempt with a need of its own", () => {
  const needs: Pick<BrokerOptions, "needOf"> = {
    needOf: ({ jobUid, sampleIndex }) =>
      jobUid === "unknown" ? null : { spec: spec({ image: `registry.example/${sampleIndex % 2}:1` }) },
  };

  it("gets a sandbox of just that template, and never a warm one of another", async () => {
    await lead({ image: "registry.example/1:1", warmReplicas: 1 }, needs);
    await later(1000);
    const images = [];
    for (const sample of [0, 1, 2]) images.push(cluster.of(await leasedUid(ref(sample))).request.spec.image);
    expect(images).toEqual(["registry.example/0:1", "registry.example/1:1", "registry.example/0:1"]);
  });

  it("has none made ahead of it where the image is its item's", async () => {
    await lead({ image: "{{ item.image }}", warmReplicas: 3 }, needs);
    await later(5000);
    expect(cluster.starts).toBe(0);
    expect(cluster.of(await leasedUid(ref(0))).request.spec.image).toBe("registry.example/0:1");
  });

  it("waits while its job is not known", async () => {
    await lead({}, needs);
    const waiting = claiming(ref(0, 0, "unknown"));
    await later(60_000);
    expect(cluster.starts).toBe(0);
    void waiting;
  });

  it("fails alone when its own image can't be started", async () => {
    await lead({ image: "registry.example/1:1" }, needs);
    cluster.failure = new RollyardError("sandbox_unstartable");
    expect(await world.run(claiming(ref(0)))).toMatchObject({
      kind: "failed",
      failure: { code: "sandbox_unstartable", failureClass: "sandbox" },
    });
  });

  it("keeps no sandboxes of a template that nobody has needed for a while", async () => {
    const broker = await lead({ image: "registry.example/1:1" }, needs);
    cluster.pressure = { reason: "Unschedulable", message: "" };
    void claiming(ref(0));
    await later(1000);
    broker.release(ref(0));
    cluster.makeRoom();
    await later(1000);
    expect(cluster.live).toHaveLength(1);
    await later(40_000);
    expect(cluster.live).toEqual([]);
  });
});

describe("a change of the environment", () => {
  it("scales the warm sandboxes up and down", async () => {
    const broker = await lead({ warmReplicas: 1 });
    broker.update({ spec: spec({ warmReplicas: 4 }) });
    await later(2000);
    expect(broker.snapshot().ready).toBe(4);
    broker.update({ spec: spec({ warmReplicas: 2 }) });
    await later(2000);
    expect(cluster.live).toHaveLength(2);
  });

  it("warms the new template, and gives up the old one", async () => {
    const broker = await lead({ warmReplicas: 2 });
    await later(1000);
    broker.update({ spec: spec({ warmReplicas: 2, image: "registry.example/b:1" }) });
    await later(60_000);
    expect(cluster.live.map(({ request }) => request.spec.image)).toEqual([
      "registry.example/b:1",
      "registry.example/b:1",
    ]);
  });

  it("shapes the warm-up by the caps on starts", async () => {
    const broker = await lead({ warmReplicas: 100, maxStarting: 5, startsPerSecond: 10 });
    cluster.pressure = { reason: "Unschedulable", message: "" };
    await later(5000);
    expect(broker.snapshot().starting).toBeLessThanOrEqual(15);
    cluster.makeRoom();
    const before = cluster.starts;
    await later(2000);
    expect(cluster.starts - before).toBeLessThanOrEqual(30);
  });
});
