import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import type { Answer } from "../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import { KubeClient } from "../kube-client.ts";
import { StatusWriter } from "./status-writer.ts";

const RESOURCE = { group: "rollyard.dev", version: "v1alpha1", plural: "rolloutjobs" };
const job = (resourceVersion: string, status?: JsonObject) => ({
  metadata: { namespace: "n", name: "j", uid: "u", resourceVersion },
  ...(status === undefined ? {} : { status }),
});
const done = (version: string, status: JsonObject): Answer => ({ status: 200, body: job(version, status) });

function world(answers: readonly Answer[]) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, answers);
  const client = new KubeClient(transport, clock);
  return { clock, transport, writer: new StatusWriter({ client, resource: RESOURCE, clock }) };
}

describe("StatusWriter", () => {
  it("sends nothing when the object says so already", async () => {
    const { writer, transport } = world([]);
    expect(await writer.write(job("1", { a: 1 }), { a: 1 })).toEqual({ kind: "same" });
    expect(transport.asked).toEqual([]);
  });

  it("patches the status subresource", async () => {
    const { writer, transport } = world([done("2", { a: 2 })]);
    expect(await writer.write(job("1", { a: 1 }), { a: 2 })).toEqual({ kind: "written" });
    expect(transport.bodies).toEqual([{ metadata: { resourceVersion: "1" }, status: { a: 2 } }]);
    expect(transport.asked).toEqual(["PATCH /apis/rollyard.dev/v1alpha1/namespaces/n/rolloutjobs/j/status"]);
  });

  it("takes its own last write for newer than a cache that lags behind", async () => {
    const { writer, transport } = world([done("10", { a: 2 })]);
    await writer.write(job("9", { a: 1 }), { a: 2 });
    expect(await writer.write(job("9", { a: 1 }), { a: 2 })).toEqual({ kind: "same" });
    expect(transport.asked).toHaveLength(1);
  });

  it("writes at most once a second, and asks to come again", async () => {
    const { writer, clock } = world([done("2", { a: 2 }), done("3", { a: 3 })]);
    await writer.write(job("1"), { a: 2 });
    expect(await writer.write(job("2", { a: 2 }), { a: 3 })).toEqual({ kind: "later", againAfterMs: 1000 });
    await clock.run(clock.sleep(1000), 2000);
    expect(await writer.write(job("2", { a: 2 }), { a: 3 })).toEqual({ kind: "written" });
  });

  it.each([
    [404, "gone"],
    [409, "stale"],
  ])("finds out by %i that the object is %s", async (status, kind) => {
    const { writer } = world([{ status, body: { reason: "Conflict" } }]);
    expect(await writer.write(job("1"), { a: 2 })).toEqual({ kind });
  });

  it("waits as the API server asks when it has too much to do", async () => {
    const { writer, clock, transport } = world([
      { status: 429, body: {}, retryAfterMs: 5000 },
      { status: 429, body: {} },
      done("2", { a: 2 }),
    ]);
    const startMs = clock.nowMs();
    expect(await clock.run(writer.write(job("1"), { a: 2 }), 60_000)).toEqual({ kind: "written" });
    expect(clock.nowMs() - startMs).toBe(7000);
    expect(transport.asked).toHaveLength(3);
  });

  it("says when the API server goes on refusing, or finds a status invalid", async () => {
    const busy = Array.from({ length: 4 }, (): Answer => ({ status: 429, body: {} }));
    const { writer, clock } = world(busy);
    await expect(clock.run(writer.write(job("1"), { a: 2 }), 60_000)).rejects.toMatchObject({
      code: "kube_throttled",
    });
    const invalid = world([{ status: 422, body: { message: "status.a: bad" } }]);
    await expect(invalid.writer.write(job("1"), { a: 2 })).rejects.toThrow("status.a: bad");
  });
});
