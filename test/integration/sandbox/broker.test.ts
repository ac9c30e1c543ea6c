import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttemptRefSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { createBusClaims } from "../../../src/sandbox/bus-claims.ts";
import { serveReleases } from "../../../src/sandbox/sandbox-releases.ts";
import { SandboxBroker } from "../../../src/sandbox/broker.ts";
import { createProcessLauncher } from "../../../src/sandbox/launchers/process.ts";
import { SupervisedLauncher } from "../../../src/sandbox/launchers/supervised-launcher.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";
import { FakeBus } from "../../support/bus/fake-bus.ts";
import { processesNaming, sandboxdOf } from "../../support/sandbox/host-view.ts";
import { LAUNCHERS } from "../../support/sandbox/launchers.ts";
import { SANDBOXD, sandboxSpec } from "../../support/sandbox/try-sandbox.ts";

const spec = sandboxSpec({ warmReplicas: 1 });
const environment = { namespace: "ns", environmentUid: "envuid" };
const never = new AbortController().signal;
const bus = new FakeBus({ replicas: 1 });
const controller = bus.connect("controller");
const claims = createBusClaims(bus.connect("worker"), systemClock);
let launcher: SandboxLauncher;
let broker: SandboxBroker;

beforeAll(async () => {
  const isolating = await LAUNCHERS.bubblewrap.make();
  launcher = typeof isolating === "string" ? createProcessLauncher({ sandboxd: SANDBOXD, spec }) : isolating;
  broker = new SandboxBroker({
    ...environment,
    bus: controller,
    launcher,
    spec,
    localFolder: null,
    keys: generateSigningKeys(),
  });
  await broker.start();
  await serveReleases(controller, environment, (ref) => broker.release(ref, ["agent"]));
});

afterAll(async () => {
  await broker.stop();
  await launcher.close();
  bus.stop();
});

const refOf = (itemIndex: number): AttemptRef =>
  create(AttemptRefSchema, { ...environment, jobUid: "0123456789ab", itemIndex });

async function lease(itemIndex: number) {
  const ref = refOf(itemIndex);
  const claim = { ref, purpose: "agent", epoch: 3, generation: 0, lostSandboxUid: null } as const;
  const outcome = await claims.claim(claim, never);
  if (outcome.kind !== "leased") throw new Error(`not leased: ${JSON.stringify(outcome)}`);
  const exec = (command: string) =>
    outcome.session.exec({
      callId: command,
      argv: ["/bin/sh", "-c", command],
      timeoutMs: 20_000,
      maxOutputBytes: 1000,
    });
  return { ...outcome, ref, exec };
}

describe("a broker of real sandboxes", () => {
  it("leases one that runs commands, and ends it at its release", async () => {
    const leased = await lease(0);
    expect((await leased.exec("echo hello")).stdout).toBe("hello\n");
    const uid = leased.lease.sandboxUid;
    await leased.close();
    claims.release(leased.ref);
    await expect.poll(() => processesNaming(uid)).toEqual([]);
    expect(
      await claims.claim(
        { ref: leased.ref, purpose: "agent", epoch: 4, generation: 0, lostSandboxUid: null },
        never,
      ),
    ).toEqual({
      kind: "gone",
    });
  });

  it("tells the driver in seconds, in the middle of a command, that its sandbox was killed", async () => {
    const leased = await lease(1);
    const running = leased.exec("sleep 60");
    const began = performance.now();
    setTimeout(() => process.kill(sandboxdOf(leased.lease.sandboxUid).pid, "SIGKILL"), 200);
    await expect(running).rejects.toMatchObject({ code: "sandbox_killed" });
    expect(performance.now() - began).toBeLessThan(4000);
    await leased.close();
  });

  it("calls the loss of the supervisor a lost sandbox, and goes on with a new supervisor", async () => {
    const leased = await lease(2);
    if (!(launcher instanceof SupervisedLauncher)) throw new Error("no supervisor");
    process.kill((await launcher.supervisorPid()) ?? 0, "SIGKILL");
    // The kernel ends what the supervisor ran a moment after it.
    const callsUntilLost = async (): Promise<never> => {
      for (;;) await leased.exec("true");
    };
    await expect(callsUntilLost()).rejects.toMatchObject({
      code: "sandbox_lost",
      failureClass: "sandbox",
    });
    await leased.close();
    const next = await lease(3);
    expect((await next.exec("echo again")).stdout).toBe("again\n");
    await next.close();
  });
});
