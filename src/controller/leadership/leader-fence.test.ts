import { describe, expect, it } from "vitest";
import { FakeBus } from "../../../test/support/bus/fake-bus.ts";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { fencedBus } from "./fenced-bus.ts";
import { fencedTransport } from "./fenced-transport.ts";
import { LeaderFence } from "./leader-fence.ts";

function world() {
  const state = { holds: true, lost: 0 };
  const fence = new LeaderFence(
    () => state.holds,
    () => (state.lost += 1),
  );
  return { state, fence };
}

describe("LeaderFence", () => {
  it("lets a leader act, and says once when it is none any more, for good", () => {
    const { state, fence } = world();
    fence.check();
    expect(state.lost).toBe(0);
    state.holds = false;
    expect(() => fence.check()).toThrow("no longer leads");
    state.holds = true;
    expect(() => fence.check()).toThrow("no longer leads");
    expect(state.lost).toBe(1);
  });
});

describe("fencedTransport", () => {
  it("sends no write once the lease is lost, and still reads", async () => {
    const { state, fence } = world();
    const answers = [1, 2, 3].map(() => ({ status: 200, body: {} }));
    const inner = new ScriptedTransport(new VirtualClock(), answers);
    const transport = fencedTransport(inner, fence);
    await transport.send({ method: "POST", path: "/a", body: "{}" });
    state.holds = false;
    await transport.send({ method: "GET", path: "/b" });
    for (const method of ["POST", "PUT", "PATCH", "DELETE"] as const) {
      await expect(transport.send({ method, path: "/c" })).rejects.toMatchObject({ code: "leadership_lost" });
    }
    expect(inner.asked).toEqual(["POST /a", "GET /b"]);
    expect(state.lost).toBe(1);
  });
});

describe("fencedBus", () => {
  it("stores, purges, takes and answers nothing once the lease is lost, and still reads", async () => {
    const { state, fence } = world();
    const server = new FakeBus({ replicas: 1 });
    const inner = server.connect("controller");
    const bus = fencedBus(inner, fence);
    const message = { subject: "rollyard.leases.0123", payload: new Uint8Array([1]) };
    expect(await bus.publish(message)).toMatchObject({ kind: "stored" });
    const answered: string[] = [];
    await bus.serve("rollyard.claims.a.b", (_payload, subject) => {
      answered.push(subject);
      return Promise.resolve(new Uint8Array());
    });
    state.holds = false;
    const lost = { code: "leadership_lost" };
    await expect(bus.publish(message)).rejects.toMatchObject(lost);
    await expect(bus.purge("leases", "rollyard.leases.>")).rejects.toMatchObject(lost);
    await expect(bus.ensureStreams()).rejects.toMatchObject(lost);
    const pull = bus.pull({ kind: "settle", max: 1, expiresMs: 1, onDelivery: () => undefined });
    await expect(pull).rejects.toMatchObject(lost);
    expect(() => bus.broadcast("rollyard.control.a", new Uint8Array())).toThrow("no longer leads");
    expect(await bus.read("leases", "rollyard.leases.0123")).toHaveLength(1);
    const asked = server.connect("worker").request("rollyard.claims.a.b", new Uint8Array(), 50);
    expect(await asked).toEqual({ kind: "timeout" });
    expect(answered).toEqual([]);
  });
});
