import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../../test/support/kube/scripted-transport.ts";
import type { Answer } from "../../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../../test/support/simulation/virtual-clock.ts";
import { sandboxSpecSchema } from "../../../environment/sandbox-spec.ts";
import { KubeClient } from "../../../kube/kube-client.ts";
import { silentLogger } from "../../../lib/logger.ts";
import type { StartProgress } from "../../port.ts";
import { PodWrites } from "./pod-writes.ts";
import { sandboxPod } from "./sandbox-pod.ts";

const POD = sandboxPod(
  { sandboxUid: "a1", spec: sandboxSpecSchema.parse({ image: "x" }), localFolder: null, publicKeys: [] },
  {
    owner: { namespace: "ns", name: "env", uid: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" },
    sandboxdImage: "x",
    nameservers: [],
  },
);
const live = (labels: object = POD.metadata.labels): object => ({ metadata: { uid: "u1", labels } });
const made: Answer = { status: 201, body: live() };
const conflict: Answer = { status: 409, body: { reason: "Conflict" } };
const exists: Answer = { status: 409, body: { reason: "AlreadyExists" } };
const forbidden = (message: string): Answer => ({ status: 403, body: { reason: "Forbidden", message } });

function world(...answers: readonly Answer[]) {
  const clock = new VirtualClock();
  const transport = new ScriptedTransport(clock, answers);
  const client = new KubeClient(transport, clock);
  const told: StartProgress[] = [];
  const end = new AbortController();
  const writes = new PodWrites({ client, namespace: "ns", clock, logger: silentLogger, signal: end.signal });
  const run = <T>(doing: Promise<T>): Promise<T> => clock.run(doing, 600_000);
  const create = (): Promise<string> => run(writes.create(POD, (progress) => void told.push(progress)));
  return { clock, transport, told, end, run, create, writes };
}

describe("the creation of a pod", () => {
  it("is one request, and says that there was room", async () => {
    const { create, transport, told } = world(made);
    expect(await create()).toBe("u1");
    expect(transport.asked).toEqual(["POST /api/v1/namespaces/ns/pods"]);
    expect(told).toEqual([{ kind: "going_on" }]);
  });

  it("whose answer was lost is found again, and not made twice", async () => {
    const { create, transport, told } = world("unreachable", exists, { status: 200, body: live() });
    expect(await create()).toBe("u1");
    expect(transport.asked.at(-1)).toBe("GET /api/v1/namespaces/ns/pods/env-a1");
    expect(told.map(({ kind }) => kind)).toEqual(["waiting", "going_on"]);
  });

  it("goes on for as long as the API server is away", async () => {
    const away = Array.from({ length: 30 }, (): Answer => "unreachable");
    const { create, told } = world(...away, made);
    expect(await create()).toBe("u1");
    expect(told[0]).toMatchObject({ kind: "waiting", pressure: { reason: "ApiServer" } });
  });

  it("goes on for as long as the API server does not know our rights, as after its start, and says so", async () => {
    const words = 'pods is forbidden: User "u" cannot create resource "pods" in API group ""';
    const { create, told } = world(forbidden(words), forbidden(words), made);
    expect(await create()).toBe("u1");
    expect(told[0]).toEqual({ kind: "waiting", pressure: { reason: "ApiServer", message: words } });
  });

  it("whose answer was lost is found also when a second one is refused", async () => {
    const quota = forbidden("exceeded quota: q");
    const found: Answer = { status: 200, body: live() };
    const { create, transport } = world("unreachable", quota, "unreachable", quota, found);
    expect(await create()).toBe("u1");
    expect(transport.asked.map((each) => each.split(" ")[0])).toEqual(["POST", "POST", "GET", "POST", "GET"]);
  });

  it("whose answer was lost is refused once there is no such pod", async () => {
    const { create } = world("unreachable", forbidden("exceeded quota: q"), { status: 404, body: {} });
    await expect(create()).rejects.toMatchObject({ code: "sandbox_no_room" });
  });

  it("is tried again when others were counting on the same quota", async () => {
    const { create } = world(conflict, made);
    expect(await create()).toBe("u1");
  });

  it("never takes a pod of somebody else for its own", async () => {
    const { create } = world(exists, { status: 200, body: live({ app: "other" }) });
    await expect(create()).rejects.toMatchObject({
      code: "sandbox_unstartable",
      details: { reason: "NameTaken" },
    });
  });

  it.each([
    [forbidden("exceeded quota: q"), "sandbox_no_room", "Quota"],
    [forbidden("violates PodSecurity"), "sandbox_unstartable", "Refused"],
    [
      { status: 422, body: { reason: "Invalid", message: "spec.x: bad" } } as const,
      "sandbox_unstartable",
      "Invalid",
    ],
    [{ status: 404, body: { reason: "NotFound" } } as const, "sandbox_unstartable", "NamespaceNotFound"],
  ])("that is answered by %j fails as %s", async (answer, code, reason) => {
    await expect(world(answer).create()).rejects.toMatchObject({ code, details: { reason } });
  });

  it("ends when its launcher closes, without a failure of the sandbox", async () => {
    const { create, end } = world("unreachable");
    end.abort();
    await expect(create()).rejects.toMatchObject({ code: "sandbox_no_room" });
  });
});

describe("the deletion of a pod", () => {
  it("names the one pod that is meant, and goes on until it is answered", async () => {
    const { writes, run, transport } = world(
      "unreachable",
      { status: 500, body: {} },
      { status: 200, body: {} },
    );
    await run(writes.remove("env-a1", "u1"));
    expect(transport.asked).toHaveLength(3);
    const meant = { preconditions: { uid: "u1" } };
    expect(transport.bodies).toEqual([meant, meant, meant]);
  });

  it("is over when there is no pod of the name", async () => {
    const { writes, run, transport } = world({ status: 404, body: {} });
    await run(writes.remove("env-a1", "u1"));
    expect(transport.asked).toHaveLength(1);
  });

  it.each([
    ["another pod has the name", { status: 200, body: { metadata: { uid: "u2" } } }],
    ["it went meanwhile", { status: 404, body: {} }],
  ] as const)("is over after a conflict when %s", async (_, found) => {
    const { writes, run, transport } = world(conflict, found);
    await run(writes.remove("env-a1", "u1"));
    expect(transport.asked).toEqual([
      "DELETE /api/v1/namespaces/ns/pods/env-a1",
      "GET /api/v1/namespaces/ns/pods/env-a1",
    ]);
  });

  it("is tried again after a conflict that was about the pod's version", async () => {
    const done: Answer = { status: 200, body: {} };
    const { writes, run, transport } = world(conflict, { status: 200, body: live() }, done);
    await run(writes.remove("env-a1", "u1"));
    expect(transport.asked.map((each) => each.split(" ")[0])).toEqual(["DELETE", "GET", "DELETE"]);
  });
});
