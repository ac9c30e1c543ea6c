import { describe, expect, it } from "vitest";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { KubeClient } from "../../kube/kube-client.ts";
import { silentLogger } from "../../lib/logger.ts";
import { probeNetwork } from "./network-probe.ts";

describe("a probe of the network", () => {
  it("removes what an earlier leader's probe left, also when it can make no pods itself", async () => {
    const clock = new VirtualClock();
    const left = { metadata: { name: "rollyard-network-probe-open-1", uid: "u", resourceVersion: "1" } };
    const forbidden = { status: 403, body: { reason: "Forbidden", message: "exceeded quota: q" } };
    const transport = new ScriptedTransport(clock, [
      { status: 409, body: { reason: "AlreadyExists" } },
      { status: 200, body: { metadata: { resourceVersion: "2" }, items: [left] } },
      { status: 200, body: {} },
      forbidden,
      forbidden,
    ]);
    const client = new KubeClient(transport, clock);
    const options = { client, namespace: "ns", image: "x", clock, logger: silentLogger, newId: () => "2" };
    const probing = probeNetwork(options, new AbortController().signal);
    expect(await clock.run(probing, 1000)).toMatchObject({ kind: "unknown" });
    expect(transport.asked[1]).toContain("labelSelector=");
    expect(transport.asked[2]).toBe("DELETE /api/v1/namespaces/ns/pods/rollyard-network-probe-open-1");
  });
});
