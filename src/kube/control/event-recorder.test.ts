import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import type { Answer } from "../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { KubeClient } from "../kube-client.ts";
import { EventRecorder } from "./event-recorder.ts";

const subject = { apiVersion: "v1", kind: "Thing", namespace: "team", name: "one", uid: "u1" };
const event = { type: "Warning", reason: "Broken", message: "It broke." } as const;
const CREATED: Answer = { status: 201, body: {} };

function recorder(answers: readonly Answer[]) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, answers);
  let ids = 0;
  const events = new EventRecorder({
    client: new KubeClient(transport, clock),
    clock,
    logger: silentLogger,
    instance: "controller-1",
    newId: () => `id${(ids += 1)}`,
  });
  return { clock, events, transport };
}

describe("EventRecorder", () => {
  it("says the same of the same object once, and again after a while", async () => {
    const { clock, events, transport } = recorder([CREATED, CREATED, CREATED, CREATED]);
    events.record(subject, event);
    events.record(subject, event);
    events.record(subject, { ...event, message: "It broke again." });
    events.record({ ...subject, uid: "u2" }, event);
    await events.flush();
    expect(transport.asked).toHaveLength(3);
    await clock.run(clock.sleep(600_000), 700_000);
    events.record(subject, event);
    await events.flush();
    expect(transport.asked).toHaveLength(4);
  });

  it("names the object, so that kubectl describe finds it", async () => {
    const { events, transport } = recorder([CREATED]);
    events.record(subject, event);
    await events.flush();
    expect(transport.asked).toEqual(["POST /api/v1/namespaces/team/events"]);
    expect(transport.bodies[0]).toMatchObject({
      metadata: { name: "one.id1", namespace: "team" },
      involvedObject: subject,
      ...event,
      count: 1,
    });
  });

  it("loses an event that can't be written, and says nothing to whoever recorded it", async () => {
    const { events, transport } = recorder(["unreachable", { status: 403, body: { message: "no" } }]);
    events.record(subject, event);
    events.record(subject, { ...event, reason: "Other" });
    await events.flush();
    expect(transport.asked).toHaveLength(2);
  });
});
