import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import type { FakeBusClient } from "../../test/support/bus/fake-bus.ts";
import { FakeLauncher } from "../../test/support/sandbox/fake-launcher.ts";
import type { PublishFault } from "../../test/support/bus/fake-faults.ts";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { leaseSubject } from "../bus/subjects.ts";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { ClaimOutcome, SandboxClaim } from "../rollout/sandbox-lease.ts";
import { SandboxBroker } from "./broker.ts";
import type { BrokerOptions } from "./broker-options.ts";
import { claimSandbox } from "./claim-client.ts";
import type { ClosableSandboxSession } from "./closable-session.ts";
import { LeaseLedger } from "./lease-ledger.ts";
import type { OpenSession } from "./leased-session.ts";
import { generateSigningKeys } from "./signing-keys.ts";

const LIMIT_MS = 3_600_000;
const NODE_LOST = { kind: "node_lost", detail: "test" } as const;

let clock: VirtualClock;
let bus: FakeBus;
let controller: FakeBusClient;
let worker: FakeBusClient;
let launcher: FakeLauncher;
let brokers: SandboxBroker[] = [];
let ids = 0;

/** A bus on which the faults happen to writes of leases, the last one first. */
function connectWith(faults: PublishFault[]): void {
  const onPublish = (_client: string, { subject }: { readonly subject: string }) =>
    subject.startsWith("rollyard.leases.") ? faults.pop() : undefined;
  bus = new FakeBus({ replicas: 1, clock, faults: { onPublish } });
  controller = bus.connect("controller");
  worker = bus.connect("worker");
}

beforeEach(() => {
  clock = new VirtualClock();
  connectWith([]);
  launcher = new FakeLauncher();
});

afterEach(async () => {
  await clock.run(Promise.all(brokers.splice(0).map((broker) => broker.stop())), LIMIT_MS);
  bus.stop();
});

const ref = (sampleIndex: number, attempt = 0, jobUid = "0123456789ab"): AttemptRef =>
  create(AttemptRefSchema, {
    namespace: "ns",
    jobUid,
    itemIndex: 0,
    sampleIndex,
    attempt,
    environmentUid: "envuid",
  });

async function startBroker(
  fields: Readonly<Record<string, unknown>> = {},
  options: Partial<BrokerOptions> = {},
): Promise<SandboxBroker> {
  const broker = new SandboxBroker({
    bus: controller,
    launcher,
    namespace: "ns",
    environmentUid: "envuid",
    spec: sandboxSpecSchema.parse(fields),
    localFolder: null,
    keys: generateSigningKeys(),
    clock,
    newId: () => `box${(ids += 1)}`,
    ...options,
  });
  brokers.push(broker);
  await clock.run(broker.start(), LIMIT_MS);
  return broker;
}

const deadSession: OpenSession = ({ sandboxUid }): ClosableSandboxSession => {
  const fail = () => Promise.reject(new RollyardError("sandbox_unreachable"));
  return {
    sandboxUid,
    exec: fail,
    readFile: fail,
    writeFile: fail,
    freeze: fail,
    close: () => Promise.resolve(),
  };
};

const FIRST = { purpose: "agent", epoch: 1, generation: 0, lostSandboxUid: null } as const;
type Wanted = Partial<SandboxClaim> & Pick<SandboxClaim, "ref">;
const claiming = (wanted: Wanted): Promise<ClaimOutcome> =>
  claimSandbox(worker, { ...FIRST, ...wanted }, { clock, openSession: deadSession });
const claimed = (wanted: Wanted): Promise<ClaimOutcome> => clock.run(claiming(wanted), LIMIT_MS);

async function leased(claim: Wanted) {
  const outcome = await claimed(claim);
  if (outcome.kind !== "leased") throw new Error(`not leased: ${JSON.stringify(outcome)}`);
  return outcome;
}

describe("a broker", () => {
  it("starts a sandbox for a claim, and records the lease before it answers", async () => {
    await startBroker();
    const { lease } = await leased({ ref: ref(0) });
    expect(lease).toMatchObject({ generation: 0, source: "cold" });
    const found = await clock.run(new LeaseLedger(controller, clock).find(lease.sandboxUid), LIMIT_MS);
    expect(found).toMatchObject({ purpose: "agent", ref: { sampleIndex: 0, attempt: 0 } });
  });

  it("knows its own lease again when the bus loses the answer, or is full for a while", async () => {
    const faults: PublishFault[] = ["lost_after", "full", "lost_before"];
    connectWith(faults);
    await startBroker();
    const { lease } = await leased({ ref: ref(0) });
    expect(faults).toEqual([]);
    expect(launcher.starts).toBe(1);
    const found = await clock.run(new LeaseLedger(controller, clock).find(lease.sandboxUid), LIMIT_MS);
    expect(found).toMatchObject({ ref: { sampleIndex: 0 } });
  });

  it("keeps warm sandboxes ready and replaces those that it gives away", async () => {
    const broker = await startBroker({ warmReplicas: 2 });
    await clock.run(clock.sleep(1000), LIMIT_MS);
    expect(broker.snapshot()).toMatchObject({ ready: 2, leased: 0 });
    expect((await leased({ ref: ref(0) })).lease.source).toBe("warm");
    await clock.run(clock.sleep(1000), LIMIT_MS);
    expect(broker.snapshot()).toMatchObject({ ready: 2, leased: 1 });
  });

  it("gives the same attempt the same sandbox, and its next attempt another one", async () => {
    await startBroker();
    const first = await leased({ ref: ref(0) });
    const again = await leased({ ref: ref(0), epoch: 9 });
    expect(again.lease.sandboxUid).toBe(first.lease.sandboxUid);
    const retry = await leased({ ref: ref(0, 1) });
    expect(retry.lease.sandboxUid).not.toBe(first.lease.sandboxUid);
    expect(launcher.of(first.lease.sandboxUid).isStopped).toBe(true);
    expect(await claimed({ ref: ref(0) })).toEqual({ kind: "gone" });
  });

  it("lets no lease that comes late touch the sandbox of the next attempt", async () => {
    connectWith([{ delayMs: 3000 }]);
    const broker = await startBroker();
    const first = claiming({ ref: ref(0) });
    await clock.run(clock.sleep(500), LIMIT_MS);
    broker.release({ ...ref(0), attempt: 0 });
    const next = await leased({ ref: ref(0, 1) });
    expect((await clock.run(Promise.all([first, clock.sleep(10_000)]), LIMIT_MS))[0].kind).toBe("gone");
    const again = await leased({ ref: ref(0, 1), epoch: 9 });
    expect(again.lease.sandboxUid).toBe(next.lease.sandboxUid);
    expect(broker.snapshot().leased).toBe(1);
    expect(launcher.sandboxes.map(({ isStopped }) => isStopped)).toEqual([true, false]);
  });

  it("starts no second sandbox for a claim that is asked again while it waits", async () => {
    await startBroker();
    launcher.hold();
    const waiting = claiming({ ref: ref(0) });
    await clock.run(clock.sleep(30_000), LIMIT_MS);
    expect(launcher.starts).toBe(1);
    launcher.letGo();
    expect((await clock.run(waiting, LIMIT_MS)).kind).toBe("leased");
    expect(launcher.starts).toBe(1);
  });

  it("retires the record, then ends the sandbox at release, and never uses it again", async () => {
    const broker = await startBroker();
    const { lease } = await leased({ ref: ref(0) });
    broker.release(ref(0));
    await clock.run(clock.sleep(100), LIMIT_MS);
    expect(launcher.of(lease.sandboxUid).isStopped).toBe(true);
    expect(broker.snapshot()).toMatchObject({ leased: 0, ready: 0 });
    expect(await clock.run(controller.read("leases", leaseSubject(lease.sandboxUid)), LIMIT_MS)).toEqual([]);
    expect(await clock.run(controller.streamState("leases"), LIMIT_MS)).toMatchObject({ lastSequence: 2 });
    expect(await claimed({ ref: ref(0) })).toEqual({ kind: "gone" });
    expect((await leased({ ref: ref(1) })).lease.sandboxUid).not.toBe(lease.sandboxUid);
  });

  it("gives graders a clean sandbox of their own spec, which a release of the agent's leaves alone", async () => {
    const broker = await startBroker({ env: { A: "1" }, setup: [["true"]], network: "open" });
    const agent = await leased({ ref: ref(0) });
    const grade = await leased({ ref: ref(0), purpose: "grade" });
    expect(launcher.of(grade.lease.sandboxUid).request.spec).toMatchObject({
      env: {},
      setup: [],
      network: "none",
    });
    broker.release(ref(0), ["agent"]);
    await clock.run(clock.sleep(100), LIMIT_MS);
    expect(launcher.of(agent.lease.sandboxUid).isStopped).toBe(true);
    expect(launcher.of(grade.lease.sandboxUid).isStopped).toBe(false);
    expect((await leased({ ref: ref(0), purpose: "grade" })).lease).toMatchObject({
      sandboxUid: grade.lease.sandboxUid,
    });
  });

  it("tells a driver at once that the agent killed the sandbox, or that the node was lost", async () => {
    await startBroker();
    const killed = await leased({ ref: ref(0) });
    const lost = await leased({ ref: ref(1) });
    launcher.of(killed.lease.sandboxUid).end({ kind: "killed_by_agent", exitCode: 137, signal: "SIGKILL" });
    launcher.of(lost.lease.sandboxUid).end(NODE_LOST);
    const before = clock.nowMs();
    await expect(clock.run(killed.session.freeze(), LIMIT_MS)).rejects.toMatchObject({
      code: "sandbox_killed",
      details: { exit_code: "137" },
    });
    await expect(clock.run(lost.session.freeze(), LIMIT_MS)).rejects.toMatchObject({ code: "sandbox_lost" });
    expect(clock.nowMs() - before).toBeLessThan(1000);
    expect(
      await claimed({ ref: ref(0), generation: 1, lostSandboxUid: killed.lease.sandboxUid }),
    ).toMatchObject({
      kind: "failed",
      failure: { code: "sandbox_killed" },
    });
  });

  it("gives the next generation for a verified loss where rollouts are replayed", async () => {
    await startBroker({}, { replacesLost: true });
    const first = await leased({ ref: ref(0) });
    const lost = { generation: 1, lostSandboxUid: first.lease.sandboxUid };
    expect((await leased({ ref: ref(0), ...lost })).lease).toMatchObject({
      generation: 0,
      sandboxUid: first.lease.sandboxUid,
    });
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const next = await leased({ ref: ref(0), ...lost });
    expect(next.lease.generation).toBe(1);
  });

  it("gives what the attempt has to a driver that does not know of the last generation", async () => {
    await startBroker({}, { replacesLost: true });
    const first = await leased({ ref: ref(0) });
    const lost = { generation: 1, lostSandboxUid: first.lease.sandboxUid };
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const second = await leased({ ref: ref(0), ...lost });
    expect((await leased({ ref: ref(0) })).lease).toMatchObject({
      generation: 1,
      sandboxUid: second.lease.sandboxUid,
    });
    launcher.of(second.lease.sandboxUid).end(NODE_LOST);
    expect(await claimed({ ref: ref(0) })).toMatchObject({ failure: { code: "sandbox_lost" } });
    expect((await leased({ ref: ref(0), ...lost })).lease.generation).toBe(2);
  });

  it("tells a replaced session of its own sandbox, and never claims another one for it", async () => {
    await startBroker({}, { replacesLost: true });
    const first = await leased({ ref: ref(0) });
    launcher.of(first.lease.sandboxUid).end(NODE_LOST);
    const second = await leased({ ref: ref(0), generation: 1, lostSandboxUid: first.lease.sandboxUid });
    launcher.of(second.lease.sandboxUid).end(NODE_LOST);
    await expect(clock.run(second.session.freeze(), LIMIT_MS)).rejects.toMatchObject({
      code: "sandbox_lost",
    });
    expect(launcher.starts).toBe(2);
  });

  it("goes on from the later of two leases of an attempt that an earlier process left", async () => {
    await startBroker({}, { replacesLost: true });
    const ledger = new LeaseLedger(controller, clock);
    for (const [uid, generation] of [
      ["early1", 1],
      ["early0", 0],
    ] as const)
      await clock.run(ledger.lease(uid, { ref: ref(0), purpose: "agent", generation }), LIMIT_MS);
    controller.kill();
    brokers = [];
    controller = bus.connect("controller-2");
    const broker = await startBroker({}, { replacesLost: true });
    expect(broker.snapshot().leased).toBeLessThanOrEqual(2);
    const next = await leased({ ref: ref(0), generation: 2, lostSandboxUid: "early1" });
    expect(next.lease.generation).toBe(2);
    await clock.run(clock.sleep(1000), LIMIT_MS);
    expect(broker.snapshot().leased).toBe(1);
    const found = await clock.run(new LeaseLedger(controller, clock).recorded("envuid"), LIMIT_MS);
    expect(found.leases.map(({ sandboxUid }) => sandboxUid)).toEqual([next.lease.sandboxUid]);
  });

  it("leaves no record of a sandbox that is gone", async () => {
    const broker = await startBroker();
    await leased({ ref: ref(0) });
    await leased({ ref: ref(1) });
    const subjects = async (): Promise<number> =>
      (await clock.run(controller.subjects("leases", "rollyard.leases.>"), LIMIT_MS)).size;
    expect(await subjects()).toBe(2);
    broker.release(ref(0));
    await clock.run(clock.sleep(1000), LIMIT_MS);
    expect(await subjects()).toBe(1);
  });

  it("removes what an earlier process left of its sandboxes, and counts them", async () => {
    const ledger = new LeaseLedger(controller, clock);
    for (const [sampleIndex, uid] of ["retired", "held"].entries()) {
      const holder = { ref: ref(sampleIndex), purpose: "agent", generation: 0 } as const;
      const written = await clock.run(ledger.lease(uid, holder), LIMIT_MS);
      if (written.kind !== "leased") throw new Error(written.kind);
      if (uid === "retired")
        await clock.run(ledger.retire({ ...holder, sandboxUid: uid, sequence: written.sequence }), LIMIT_MS);
    }
    let orphans = 0;
    const broker = await startBroker({}, { observer: { orphanRemoved: () => (orphans += 1) } });
    await clock.run(clock.sleep(1000), LIMIT_MS);
    const found = await clock.run(ledger.recorded("envuid"), LIMIT_MS);
    expect(found).toMatchObject({ leases: [{ sandboxUid: "held" }], retired: [] });
    expect(orphans).toBe(0);
    broker.release(ref(1));
    await clock.run(clock.sleep(1000), LIMIT_MS);
    expect(await clock.run(ledger.recorded("envuid"), LIMIT_MS)).toEqual({ leases: [], retired: [] });
    expect(orphans).toBe(1);
  });

  it("fails one claim for one failed start, with its code and evidence", async () => {
    await startBroker();
    launcher.failure = new RollyardError("sandbox_setup_failed", { details: { exit_code: 3 } });
    expect(await claimed({ ref: ref(0) })).toMatchObject({
      kind: "failed",
      failure: { failureClass: "sandbox", code: "sandbox_setup_failed", evidence: { exit_code: "3" } },
    });
    launcher.failure = null;
    expect((await claimed({ ref: ref(1) })).kind).toBe("leased");
  });

  it("stops starting when nothing starts, fails everyone who waits, and recovers by itself", async () => {
    const broker = await startBroker();
    launcher.failure = new RollyardError("sandbox_start_failed");
    const outcomes = await clock.run(
      Promise.all(Array.from({ length: 40 }, (_, index) => claiming({ ref: ref(index) }))),
      LIMIT_MS,
    );
    expect(outcomes.filter(({ kind }) => kind === "failed")).toHaveLength(40);
    expect(broker.snapshot().breaker.state).toBe("open");
    const started = launcher.starts;
    expect(started).toBeLessThanOrEqual(40);
    launcher.failure = null;
    expect((await claimed({ ref: ref(50) })).kind).toBe("leased");
    expect(broker.snapshot().breaker.state).toBe("closed");
  });

  it("never has more sandboxes than allowed, and serves all in the end", async () => {
    const broker = await startBroker({ startsPerSecond: 1000 }, { maxSandboxes: 3 });
    let most = 0;
    const rollouts = Array.from({ length: 12 }, async (_, index) => {
      const outcome = await claiming({ ref: ref(index) });
      const { ready, starting, leased: held } = broker.snapshot();
      most = Math.max(most, ready + starting + held);
      await clock.sleep(500);
      broker.release(ref(index));
      return outcome.kind;
    });
    expect(await clock.run(Promise.all(rollouts), LIMIT_MS)).toEqual(rollouts.map(() => "leased"));
    expect(most).toBe(3);
  });

  it("is waited for while it is away, and answers for the sandboxes that went with its process", async () => {
    await startBroker();
    const { lease } = await leased({ ref: ref(0) });
    brokers = [];
    controller.kill();
    const waiting = claiming({ ref: ref(0) });
    await clock.run(clock.sleep(60_000), LIMIT_MS);
    controller = bus.connect("controller-2");
    await startBroker();
    expect(await clock.run(waiting, LIMIT_MS)).toMatchObject({
      kind: "failed",
      failure: { code: "sandbox_lost", failureClass: "sandbox" },
    });
    expect((await leased({ ref: ref(0, 1) })).lease.sandboxUid).not.toBe(lease.sandboxUid);
  });

  it("renews the token at half of its life while the session is open", async () => {
    const tokens: string[] = [];
    await startBroker({}, { tokenLifetimeMs: 60_000 });
    const open: OpenSession = (options) => {
      const { token } = options;
      return { ...deadSession(options), freeze: () => Promise.resolve(void tokens.push(token())) };
    };
    const outcome = await clock.run(
      claimSandbox(worker, { ...FIRST, ref: ref(0), epoch: 4 }, { clock, openSession: open }),
      LIMIT_MS,
    );
    if (outcome.kind !== "leased") throw new Error("not leased");
    const expiries: number[] = [];
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.run(clock.sleep(40_000), LIMIT_MS);
      await outcome.session.freeze();
      const body = JSON.parse(Buffer.from(tokens.at(-1)?.split(".")[1] ?? "", "base64url").toString());
      expiries.push(body.exp * 1000 - clock.nowMs());
      expect(body).toMatchObject({ epoch: 4, attempt: 0, rollout: "0123456789ab-0-0" });
    }
    expect(Math.min(...expiries)).toBeGreaterThan(0);
    await outcome.close();
  });
});
