import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../../../environment/sandbox-spec.ts";
import type { LaunchRequest } from "../../port.ts";
import { sandboxPod } from "./sandbox-pod.ts";

const OWNER = { namespace: "ns", name: "env", uid: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" };
const made = (fields: object = {}, more: Partial<LaunchRequest> = {}) =>
  sandboxPod(
    {
      sandboxUid: "abc",
      spec: sandboxSpecSchema.parse({ image: "registry.example/a:1", ...fields }),
      localFolder: null,
      publicKeys: [{ kid: "k", x: "y" }],
      ...more,
    },
    { owner: OWNER, sandboxdImage: "registry.example/sandboxd:1", nameservers: ["192.0.2.1"] },
  );

describe("the pod of a sandbox", () => {
  it("has no rights, no secrets and nothing of its node", () => {
    expect(made().spec).toMatchObject({
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsUser: 1000, runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          securityContext: {
            privileged: false,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
          },
          resources: {
            requests: { cpu: "250m", memory: "256Mi" },
            limits: { memory: "512Mi", "ephemeral-storage": "1Gi" },
          },
        },
      ],
      initContainers: [
        { securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true } },
      ],
    });
    expect(Object.keys(made().spec["containers"][0])).not.toContain("env");
  });

  it("belongs to its Environment and is found by labels", () => {
    expect(made().metadata).toMatchObject({
      name: "env-abc",
      namespace: "ns",
      labels: {
        "rollyard.dev/environment": "env",
        "rollyard.dev/environment-uid": "0f1e2d3c4b5a",
        "rollyard.dev/sandbox": "abc",
      },
      ownerReferences: [{ kind: "Environment", name: "env", uid: OWNER.uid, controller: true }],
    });
  });

  it("runs sandboxd with its public keys, and is ready when sandboxd says so", () => {
    const [container] = made({ setup: [["sh", "-c", "echo $$ $(HOME)"]], env: { A: "$(B)" } }).spec
      .containers;
    expect(container).toMatchObject({
      command: ["/.rollyard/bin/sandboxd"],
      startupProbe: { httpGet: { path: "/healthz", port: 8321 } },
    });
    const args = container["args"] as readonly string[];
    expect(args).toContain('[{"kid":"k","x":"y"}]');
    expect(args).toContain('[["sh","-c","echo $$$$ $$(HOME)"]]');
    expect(args).toContain('{"A":"$$(B)"}');
    expect(args).toContain("tcp::8321");
  });

  it("takes what the Environment and the job ask of the cluster", () => {
    const pod = made(
      {
        runtimeClassName: "gvisor",
        imagePullSecrets: [{ name: "s" }],
        imagePullPolicy: "Always",
        readOnlyRoot: true,
      },
      { placement: { template: "t", priorityClassName: "low", queueName: "q" } },
    );
    expect(pod).toMatchObject({
      metadata: { labels: { "kueue.x-k8s.io/queue-name": "q", "rollyard.dev/template": "t" } },
      spec: {
        runtimeClassName: "gvisor",
        priorityClassName: "low",
        imagePullSecrets: [{ name: "s" }],
        containers: [{ imagePullPolicy: "Always", securityContext: { readOnlyRootFilesystem: true } }],
      },
    });
  });

  it("asks nobody for names without a network, and the given servers with one", () => {
    expect(made().spec).toMatchObject({ dnsPolicy: "None", dnsConfig: { nameservers: ["127.0.0.1"] } });
    expect(made({ network: "open" }).spec).toMatchObject({ dnsConfig: { nameservers: ["192.0.2.1"] } });
  });

  it("lets only who chose it run as root", () => {
    expect(made({ runAsUser: 0 }).spec).toMatchObject({
      securityContext: { runAsUser: 0, runAsNonRoot: false },
    });
  });
});
