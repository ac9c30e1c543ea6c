import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeBusClient } from "../../test/support/bus/fake-bus.ts";
import { attemptOf as ref, BrokerWorld, deadSession } from "../../test/support/sandbox/broker-world.ts";
import { FakeLauncher } from "../../test/support/sandbox/fake-launcher.ts";
import type { PublishFault } from "../../test/support/bus/fake-faults.ts";
import { leaseSubject } from "../bus/subjects.ts";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { SandboxBroker } from "./broker.ts";
import type { BrokerOptions } from "./broker-options.ts";
import type { OpenSession } from "./leased-session.ts";

const NODE_LOST = { kind: "node_lost", detail: "test" } as const;

let world: BrokerWorld;
let controller: FakeBusClient;
let launcher: FakeLauncher;

/** A bus on which the faults happen to writes of leases, the last one first. */
function connectWith(faults: PublishFault[]): void {
  world = new BrokerWorld(faults);
  controller = world.bus.connect("controller");
}

beforeEach(() => {
  connectWith([]);
  launcher = new FakeLauncher();
});

afterEach(() => world.close());

function startBroker(
  fields: Readonly<Record<string, unknown>> = {},
  options: Partial<BrokerOptions> = {},
): Promise<SandboxBroker> {
  return world.startBroker({ bus: controller, launcher, spec: sandboxSpecSchema.parse(fields), ...options });
}

describe("a broker", () => {
  it("starts a sandbox for a claim, and records the lease before it answers", async () => {
    await startBroker();
    const { lease } = await world.leased({ ref: ref(0) });
    expect(lease).toMatchObject({ generation: 0, source: "cold" });
    const found = await world.run(world.ledger().find(lease.sandboxUid));
    expect(found).toMatchObject({ purpose: "agent", ref: { sampleIndex: 0, attempt: 0 } });
  });

  it("knows its own lease again when the bus loses the answer, or is full for a while", async () => {
    const faults: PublishFault[] = ["lost_after", "full", "lost_before"];
    connectWith(faults);
    await startBroker();
    const { lease } = await world.leased({ ref: ref(0) });
    expect(faults).toEqual([]);
    expect(launcher.starts).toBe(1);
    const found = await world.run(world.ledger().find(lease.sandboxUid));
    expect(found).toMatchObject({ ref: { sampleIndex: 0 } });
  });

  it("keeps warm sandboxes ready and replaces those that it gives away", async () => {
    const broker = await startBroker({ warmReplicas: 2 });
    await world.later(1000);
    expect(broker.snapshot()).toMatchObject({ ready: 2, leased: 0 });
    expect((await world.leased({ ref: ref(0) })).lease.source).toBe("warm");
    await world.later(1000);
    expect(broker.snapshot()).toMatchObject({ ready: 2, leased: 1 });
  });

  it("gives the same attempt the same sandbox, and its next attempt another one", async () => {
    await startBroker();
    const first = await world.leased({ ref: ref(0) });
    const again = await world.leased({ ref: ref(0), epoch: 9 });
    expect(again.lease.sandboxUid).toBe(first.lease.sandboxUid);
    const retry = await world.leased({ ref: ref(0, 1) });
    expect(retry.lease.sandboxUid).not.toBe(first.lease.sandboxUid);
    expect(launcher.of(first.lease.sandboxUid).isStopped).toBe(true);
    expect(await world.claimed({ ref: ref(0) })).toEqual({ kind: "gone" });
  });

  it("lets no lease that comes late touch the sandbox of the next attempt", async () => {
    connectWith([{ delayMs: 3000 }]);
    const broker = await startBroker();
    const first = world.claiming({ ref: ref(0) });
    await world.later(500);
    broker.release({ ...ref(0), attempt: 0 });
    const next = await world.leased({ ref: ref(0, 1) });
    expect((await world.run(Promise.all([first, world.clock.sleep(10_000)])))[0].kind).toBe("gone");
    const again = await world.leased({ ref: ref(0, 1), epoch: 9 });
    expect(again.lease.sandboxUid).toBe(next.lease.sandboxUid);
    expect(broker.snapshot().leased).toBe(1);
    expect(launcher.sandboxes.map(({ isStopped }) => isStopped)).toEqual([true, false]);
  });

  it("starts no second sandbox for a claim that is asked again while it waits", async () => {
    await startBroker();
    launcher.hold();
    const waiting = world.claiming({ ref: ref(0) });
    await world.later(30_000);
    expect(launcher.starts).toBe(1);
    launcher.letGo();
    expect((await world.run(waiting)).kind).toBe("leased");
    expect(launcher.starts).toBe(1);
  });

  it("retires the record, then ends the sandbox at release, and never uses it again", async () => {
    const broker = await startBroker();
    const { lease } = await world.leased({ ref: ref(0) });
    broker.release(ref(0));
    await world.later(100);
    expect(launcher.of(lease.sandboxUid).isStopped).toBe(true);
    expect(broker.snapshot()).toMatchObject({ leased: 0, ready: 0 });
    expect(await world.run(controller.read("leases", leaseSubject(lease.sandboxUid)))).toEqual([]);
    expect(await world.run(controller.streamState("leases"))).toMatchObject({ lastSequence: 2 });
    expect(await world.claimed({ ref: ref(0) })).toEqual({ kind: "gone" });
    expect((await world.leased({ ref: ref(1) })).lease.sandboxUid).not.toBe(lease.sandboxUid);
  });

  it("gives graders a clean sandbox of their own spec, which a release of the agent's leaves alone", async () => {
    const broker = await startBroker({ env: { A: "1" }, setup: [["true"]], network: "open" });
    const agent = await world.leased({ ref: ref(0) });
    const grade = await world.leased({ ref: ref(0), purpose: "grade" });
    expect(launcher.of(grade.lease.sandboxUid).request.spec).toMatchObject({
      env: {},
      setup: [],
      network: "none",
    });
    broker.release(ref(0), ["agent"]);
    await world.later(100);
    expect(launcher.of(agent.lease.sandboxUid).isStopped).toBe(true);
    expect(launcher.of(grade.lease.sandboxUid).isStopped).toBe(false);
    expect((await world.leased({ ref: ref(0), purpose: "grade" })).lease).toMatchObject({
      sandboxUid: grade.lease.sandboxUid,
    });
  });

  it("tells a driver at once that the agent killed the sandbox, or that the node was lost", async () => {
    await startBroker();
    const killed = await world.leased({ ref: ref(0) });
    const lost = await world.leased({ ref: ref(1) });
    launcher.of(killed.lease.sandboxUid).end({ kind: "killed_by_agent", exitCode: 137, signal: "SIGKILL" });
    launcher.of(lost.lease.sandboxUid).end(NODE_LOST);
    const before = world.clock.nowMs();
    await expect(world.run(killed.session.freeze())).rejects.toMatchObject({
      code: "sandbox_killed",
      details: { exit_code: "137" },
    });
    await expect(world.run(lost.session.freeze())).rejects.toMatchObject({ code: "sandbox_lost" });
    expect(world.clock.nowMs() - before).toBeLessThan(1000);
    expect(
      await world.claimed({ ref: ref(0), generation: 1, lostSandboxUid: killed.lease.sandboxUid }),
    ).toMatchObject({
      kind: "failed",
      failure: { code: "sandbox_killed" },
    });
  });

  it("gives the next generation for a verified loss where rollouts are replayed", async () => {
    await startBroker({}, { replacesLost: true });
    const first = await world.leased({ ref: ref(0) });
    const lost = { generation: 1, lostSandboxUid: first.lease.sandboxUid };
    expect((await world.leased({ ref: ref(0), ...lost })).lease).toMatchObject({
      generation: 0,
      sandboxUid: first.lease.sandboxUid,
    });
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const next = await world.leased({ ref: ref(0), ...lost });
    expect(next.lease.generation).toBe(1);
  });

  it.each([
    [true, false],
    [false, true],
  ])("replays as the job began, %s, and not as the environment is now", async (began, now) => {
    const needOf = () => ({ spec: sandboxSpecSchema.parse({}), replacesLost: began });
    await startBroker({}, { replacesLost: now, needOf });
    const first = await world.leased({ ref: ref(0) });
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const lost = { generation: 1, lostSandboxUid: first.lease.sandboxUid };
    const { kind } = await world.claimed({ ref: ref(0), ...lost });
    expect(kind).toBe(began ? "leased" : "failed");
  });

  it("gives what the attempt has to a driver that does not know of the last generation", async () => {
    await startBroker({}, { replacesLost: true });
    const first = await world.leased({ ref: ref(0) });
    const lost = { generation: 1, lostSandboxUid: first.lease.sandboxUid };
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const second = await world.leased({ ref: ref(0), ...lost });
    expect((await world.leased({ ref: ref(0) })).lease).toMatchObject({
      generation: 1,
      sandboxUid: second.lease.sandboxUid,
    });
    launcher.of(second.lease.sandboxUid).end(NODE_LOST);
    expect(await world.claimed({ ref: ref(0) })).toMatchObject({ failure: { code: "sandbox_lost" } });
    expect((await world.leased({ ref: ref(0), ...lost })).lease.generation).toBe(2);
  });

  it("tells a replaced session of its own sandbox, and never claims another one for it", async () => {
    await startBroker({}, { replacesLost: true });
    const first = await world.leased({ ref: ref(0) });
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const second = await world.leased({ ref: ref(0), generation: 1, lostSandboxUid: first.lease.sandboxUid });
    launcher.of(second.lease.sandboxUid).end(NODE_LOST);
    await expect(world.run(second.session.freeze())).rejects.toMatchObject({
      code: "sandbox_lost",
    });
    expect(launcher.starts).toBe(2);
  });

  it("goes on from the later of two leases of an attempt that an earlier process left", async () => {
    await startBroker({}, { replacesLost: true });
    const ledger = world.ledger();
    for (const [uid, generation] of [
      ["early1", 1],
      ["early0", 0],
    ] as const)
      await world.run(ledger.lease(uid, { ref: ref(0), purpose: "agent", generation }));
    controller.kill();
    controller = world.bus.connect("controller-2");
    const broker = await startBroker({}, { replacesLost: true });
    expect(broker.snapshot().leased).toBeLessThanOrEqual(2);
    const next = await world.leased({ ref: ref(0), generation: 2, lostSandboxUid: "early1" });
    expect(next.lease.generation).toBe(2);
    await world.later(1000);
    expect(broker.snapshot().leased).toBe(1);
    const found = await world.recorded();
    expect(found.leases.map(({ sandboxUid }) => sandboxUid)).toEqual([next.lease.sandboxUid]);
  });

  it("leaves no record of a sandbox that is gone", async () => {
    const broker = await startBroker();
    await world.leased({ ref: ref(0) });
    await world.leased({ ref: ref(1) });
    const subjects = async (): Promise<number> =>
      (await world.run(controller.subjects("leases", "rollyard.leases.>"))).size;
    expect(await subjects()).toBe(2);
    broker.release(ref(0));
    await world.later(1000);
    expect(await subjects()).toBe(1);
  });

  it("removes what an earlier process left of its sandboxes, and counts them", async () => {
    const ledger = world.ledger();
    for (const [sampleIndex, uid] of ["retired", "held"].entries()) {
      const holder = { ref: ref(sampleIndex), purpose: "agent", generation: 0 } as const;
      const written = await world.run(ledger.lease(uid, holder));
      if (written.kind !== "leased") throw new Error(written.kind);
      if (uid === "retired")
        await world.run(ledger.retire({ ...holder, sandboxUid: uid, sequence: written.sequence }));
    }
    let orphans = 0;
    const broker = await startBroker({}, { observer: { orphanRemoved: () => (orphans += 1) } });
    await world.later(1000);
    const found = await world.recorded();
    expect(found).toMatchObject({ leases: [{ sandboxUid: "held" }], retired: [] });
    expect(orphans).toBe(0);
    broker.release(ref(1));
    await world.later(1000);
    expect(await world.recorded()).toEqual({ leases: [], retired: [] });
    expect(orphans).toBe(1);
  });

  it("fails one claim for one failed start, with its code and evidence", async () => {
    await startBroker();
    launcher.failure = new RollyardError("sandbox_setup_failed", { details: { exit_code: 3 } });
    expect(await world.claimed({ ref: ref(0) })).toMatchObject({
      kind: "failed",
      failure: { failureClass: "sandbox", code: "sandbox_setup_failed", evidence: { exit_code: "3" } },
    });
    launcher.failure = null;
    expect((await world.claimed({ ref: ref(1) })).kind).toBe("leased");
  });

  it("stops starting when nothing starts, fails everyone who waits, and recovers by itself", async () => {
    const broker = await startBroker();
    launcher.failure = new RollyardError("sandbox_start_failed");
    const outcomes = await world.run(
      Promise.all(Array.from({ length: 40 }, (_, index) => world.claiming({ ref: ref(index) }))),
    );
    expect(outcomes.filter(({ kind }) => kind === "failed")).toHaveLength(40);
    expect(broker.snapshot().breaker.state).toBe("open");
    const started = launcher.starts;
    expect(started).toBeLessThanOrEqual(40);
    launcher.failure = null;
    expect((await world.claimed({ ref: ref(50) })).kind).toBe("leased");
    expect(broker.snapshot().breaker.state).toBe("closed");
  });

  it("never has more sandboxes than allowed, and serves all in the end", async () => {
    const broker = await startBroker({ startsPerSecond: 1000 }, { maxSandboxes: 3 });
    let most = 0;
    const rollouts = Array.from({ length: 12 }, async (_, index) => {
      const outcome = await world.claiming({ ref: ref(index) });
      const { ready, starting, leased: held } = broker.snapshot();
      most = Math.max(most, ready + starting + held);
      await world.clock.sleep(500);
      broker.release(ref(index));
      return outcome.kind;
    });
    expect(await world.run(Promise.all(rollouts))).toEqual(rollouts.map(() => "leased"));
    expect(most).toBe(3);
  });

  it("is waited for while it is away, and answers for the sandboxes that went with its process", async () => {
    const gone = await startBroker();
    const { lease } = await world.leased({ ref: ref(0) });
    world.isGone(gone);
    controller.kill();
    const waiting = world.claiming({ ref: ref(0) });
    await world.later(60_000);
    controller = world.bus.connect("controller-2");
    await startBroker();
    expect(await world.run(waiting)).toMatchObject({
      kind: "failed",
      failure: { code: "sandbox_lost", failureClass: "sandbox" },
    });
    expect((await world.leased({ ref: ref(0, 1) })).lease.sandboxUid).not.toBe(lease.sandboxUid);
  });

  it("renews the token at half of its life while the session is open", async () => {
    const tokens: string[] = [];
    await startBroker({}, { tokenLifetimeMs: 60_000 });
    const open: OpenSession = (options) => {
      const { token } = options;
      return { ...deadSession(options), freeze: () => Promise.resolve(void tokens.push(token())) };
    };
    const outcome = await world.leased({ ref: ref(0), epoch: 4 }, open);
    const expiries: number[] = [];
    for (let minute = 0; minute < 5; minute += 1) {
      await world.later(40_000);
      await outcome.session.freeze();
      const body = JSON.parse(Buffer.from(tokens.at(-1)?.split(".")[1] ?? "", "base64url").toString());
      expiries.push(body.exp * 1000 - world.clock.nowMs());
      expect(body).toMatchObject({ epoch: 4, attempt: 0, rollout: "0123456789ab-0-0" });
    }
    expect(Math.min(...expiries)).toBeGreaterThan(0);
    await outcome.close();
  });
});
