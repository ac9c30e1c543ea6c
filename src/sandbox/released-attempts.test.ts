import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import type { FakeBusClient } from "../../test/support/bus/fake-bus.ts";
import { FakeLauncher } from "../../test/support/sandbox/fake-launcher.ts";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { HEADERS } from "../bus/port.ts";
import { claimSubject, outcomesSubject } from "../bus/subjects.ts";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import { ClaimRequestSchema } from "../gen/rollyard/v1/requests_pb.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import { SandboxBroker } from "./broker.ts";
import { decodeClaimAnswer } from "./claim-reply.ts";
import { generateSigningKeys } from "./signing-keys.ts";

const LIMIT_MS = 3_600_000;
const ref = (itemIndex: number, attempt = 0): AttemptRef =>
  create(AttemptRefSchema, {
    namespace: "ns",
    jobUid: "0123456789ab",
    environmentUid: "envuid",
    itemIndex,
    attempt,
  });

let clock: VirtualClock;
let bus: FakeBus;
let client: FakeBusClient;
let launcher: FakeLauncher;
let broker: SandboxBroker;

beforeEach(async () => {
  clock = new VirtualClock();
  bus = new FakeBus({ replicas: 1, clock });
  client = bus.connect("controller");
  launcher = new FakeLauncher();
  broker = new SandboxBroker({
    bus: client,
    launcher,
    namespace: "ns",
    environmentUid: "envuid",
    spec: sandboxSpecSchema.parse({}),
    localFolder: null,
    keys: generateSigningKeys(),
    clock,
    keptReleases: 2,
  });
  await clock.run(broker.start(), LIMIT_MS);
});
afterEach(async () => {
  await clock.run(broker.stop(), LIMIT_MS);
  bus.stop();
});

/** What one asking for the attempt's sandbox is answered. */
async function asked(attempt: AttemptRef): Promise<string | undefined> {
  const claim = toBinary(ClaimRequestSchema, create(ClaimRequestSchema, { ref: attempt, purpose: "agent" }));
  const reply = await clock.run(client.request(claimSubject("ns", "envuid"), claim, 6000), LIMIT_MS);
  return reply.kind === "reply" ? decodeClaimAnswer(reply.payload)?.kind : undefined;
}

/** Records the failure of an item's attempt 0, and that of so many others, each of which is released. */
async function endWithOthers(others: number): Promise<void> {
  const headers = { [HEADERS.append]: "n:1", [HEADERS.attempt]: "0", [HEADERS.outcome]: "failed" };
  for (let itemIndex = 0; itemIndex <= others; itemIndex += 1) {
    const subject = outcomesSubject({ ...ref(itemIndex) });
    await clock.run(client.publish({ subject, payload: new Uint8Array(), headers }), LIMIT_MS);
    broker.release(ref(itemIndex));
  }
}

describe("an attempt whose sandbox was released", () => {
  it.each([0, 1, 5])("gets none any more, also after %i other releases", async (others) => {
    await endWithOthers(others);
    expect(await asked(ref(0))).toBe("gone");
    expect(launcher.starts).toBe(0);
  });

  it("gets none although an earlier attempt was released again meanwhile", async () => {
    await endWithOthers(5);
    const subject = outcomesSubject({ ...ref(0) });
    const headers = { [HEADERS.append]: "n:1", [HEADERS.attempt]: "1", [HEADERS.outcome]: "failed" };
    await clock.run(client.publish({ subject, payload: new Uint8Array(), headers }), LIMIT_MS);
    broker.release(ref(0));
    expect(await asked(ref(0, 1))).toBe("gone");
  });

  it("leaves the way free for the next attempt, and for other rollouts", async () => {
    await endWithOthers(5);
    expect(await asked(ref(0, 1))).toBe("lease");
    expect(await asked(ref(9))).toBe("lease");
  });
});
