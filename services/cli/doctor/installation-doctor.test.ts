import { describe, expect, it } from "vitest";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { ScriptedTransport } from "../../../test/support/kube/scripted-transport.ts";
import type { Answer } from "../../../test/support/kube/scripted-transport.ts";
import { gatherInstallation } from "./installation-doctor.ts";

const FORBIDDEN = { status: 403, body: { reason: "Forbidden" } };
const SELECTOR = "labelSelector=app.kubernetes.io%2Fpart-of%3Drollyard";

const list = (...items: readonly object[]): Answer => ({ status: 200, body: { items } });
const labels = { "app.kubernetes.io/version": "0.4.1", "app.kubernetes.io/instance": "ours" };

function deployment(name: string, image: string, status: object = {}): object {
  const template = { spec: { containers: [{ image }] } };
  return { metadata: { name, labels, generation: 2 }, spec: { replicas: 2, template }, status };
}

async function gathered(...answers: readonly Answer[]) {
  const transport = new ScriptedTransport(systemClock, answers);
  const client = new KubeClient(transport);
  const facts = await gatherInstallation({ client, installedIn: "yard" }, "0.5.0");
  return { facts, asked: transport.asked };
}

describe("gatherInstallation", () => {
  it("reads versions, tags and how far rollouts are off what is labelled as Rollyard's", async () => {
    const whole = { observedGeneration: 2, replicas: 2, updatedReplicas: 2 };
    const gaveUp = { conditions: [{ type: "Progressing", reason: "ProgressDeadlineExceeded" }] };
    const { facts, asked } = await gathered(
      list(
        deployment("controller", "registry:5000/yard:0.4.1@sha256:00", whole),
        deployment("worker", "registry:5000/yard", { ...whole, replicas: 3 }),
        deployment("grader", "yard@sha256:00", { ...whole, ...gaveUp }),
        deployment("gateway", "yard:x"),
        deployment("unseen", "yard:x", { ...whole, ...gaveUp, observedGeneration: 1 }),
        { metadata: { name: "of-somebody" } },
      ),
      list({ metadata: { name: "environments.rollyard.dev", labels } }),
    );
    expect(asked).toEqual([
      `GET /apis/apps/v1/namespaces/yard/deployments?${SELECTOR}`,
      `GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions?${SELECTOR}`,
    ]);
    const common = { release: "ours", version: "0.4.1" };
    expect(facts).toEqual({
      namespace: "yard",
      commandLine: "0.5.0",
      services: [
        { ...common, name: "controller", imageTag: "0.4.1", rollout: "done" },
        { ...common, name: "worker", imageTag: null, rollout: "under_way" },
        { ...common, name: "grader", imageTag: null, rollout: "stuck" },
        { ...common, name: "gateway", imageTag: "x", rollout: "done" },
        { ...common, name: "unseen", imageTag: "x", rollout: "under_way" },
      ],
      crds: [{ name: "environments.rollyard.dev", version: "0.4.1" }],
    });
  });

  it("looks no further where it may not, or where nothing is", async () => {
    for (const answer of [FORBIDDEN, list()]) {
      const { facts, asked } = await gathered(answer);
      expect([facts, asked.length]).toEqual([null, 1]);
    }
    const { facts } = await gathered(list(deployment("worker", "yard:1")), FORBIDDEN);
    expect(facts).toMatchObject({ crds: null, services: [{ name: "worker" }] });
  });
});
