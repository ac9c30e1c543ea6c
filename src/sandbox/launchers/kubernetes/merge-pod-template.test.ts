import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../../../environment/sandbox-spec.ts";
import type { JsonObject, JsonValue } from "../../../lib/json.ts";
import { listOrEmpty, objectOrEmpty } from "../../../lib/half-valid.ts";
import { mergePodTemplate } from "./merge-pod-template.ts";
import { sandboxPod } from "./sandbox-pod.ts";

const OWNER = { namespace: "ns", name: "env", uid: "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0" };
const BASE = sandboxPod(
  {
    sandboxUid: "abc",
    spec: sandboxSpecSchema.parse({ image: "registry.example/a:1" }),
    localFolder: null,
    publicKeys: [],
  },
  { owner: OWNER, sandboxdImage: "registry.example/sandboxd:1", nameservers: [] },
);
const merge = (template: Readonly<Record<string, unknown>>) => mergePodTemplate(BASE, template);

/** Whatever of a pod decides what it may do; a template must leave it as it is. */
function rights(pod: JsonObject): JsonObject {
  const metadata = objectOrEmpty(pod["metadata"]);
  const spec = objectOrEmpty(pod["spec"]);
  const own = new Set(listOrEmpty(BASE.spec.volumes).map((volume) => objectOrEmpty(volume)["name"]));
  const placement = new Set([
    "nodeSelector",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "schedulerName",
    "priorityClassName",
  ]);
  const kept = Object.entries(spec).filter(([name]) => !placement.has(name) && name !== "volumes");
  const containers = listOrEmpty(spec["containers"]).map((container) => {
    const { volumeMounts, ...rest } = objectOrEmpty(container);
    const mounts = listOrEmpty(volumeMounts).map(objectOrEmpty);
    return { ...rest, volumeMounts: mounts.filter(({ name }) => own.has(name)) };
  });
  return {
    ...pod,
    metadata: { ...metadata, labels: null, annotations: null },
    spec: {
      ...Object.fromEntries(kept.filter(([name, value]) => name !== "hostUsers" || value !== false)),
      containers,
      volumes: listOrEmpty(spec["volumes"]).filter((volume) => own.has(objectOrEmpty(volume)["name"])),
    },
  };
}

const VOLUME_KINDS = ["emptyDir", "persistentVolumeClaim", "ephemeral", "configMap", "image"];
function foreignVolumes(pod: JsonObject): readonly string[] {
  return listOrEmpty(objectOrEmpty(pod["spec"])["volumes"])
    .flatMap((volume) => Object.keys(objectOrEmpty(volume)))
    .filter((key) => key !== "name" && !VOLUME_KINDS.includes(key));
}

describe("mergePodTemplate", () => {
  it("adds placement, labels and volumes", () => {
    const merged = merge({
      metadata: { labels: { team: "a" }, annotations: { "karpenter.sh/do-not-disrupt": "true" } },
      spec: {
        nodeSelector: { pool: "agents" },
        tolerations: [{ operator: "Exists" }],
        hostUsers: false,
        volumes: [{ name: "data", persistentVolumeClaim: { claimName: "d" } }],
        containers: [{ name: "sandbox", volumeMounts: [{ name: "data", mountPath: "/workspace" }] }],
      },
    });
    expect(merged).toMatchObject({
      kind: "merged",
      pod: {
        metadata: {
          labels: { team: "a", "rollyard.dev/sandbox": "abc" },
          annotations: { "karpenter.sh/do-not-disrupt": "true" },
        },
        spec: { nodeSelector: { pool: "agents" }, hostUsers: false, automountServiceAccountToken: false },
      },
    });
    const spec = merged.kind === "merged" ? merged.pod.spec : BASE.spec;
    expect(spec.volumes.map(({ name }) => name)).toContain("data");
    expect(spec.containers[0].volumeMounts).toContainEqual({ name: "data", mountPath: "/workspace" });
    expect(spec.containers[0].volumeMounts).toHaveLength(4);
  });

  it.each<[Readonly<Record<string, unknown>>, string]>([
    [{ spec: { hostNetwork: true } }, "spec.hostNetwork"],
    [{ spec: { hostPID: true } }, "spec.hostPID"],
    [{ spec: { hostUsers: true } }, "spec.hostUsers"],
    [{ spec: { automountServiceAccountToken: true } }, "spec.automountServiceAccountToken"],
    [{ spec: { serviceAccountName: "admin" } }, "spec.serviceAccountName"],
    [{ spec: { nodeName: "n" } }, "spec.nodeName"],
    [{ spec: { securityContext: { runAsUser: 0 } } }, "spec.securityContext"],
    [{ spec: { initContainers: [{ name: "x" }] } }, "spec.initContainers"],
    [{ spec: { ephemeralContainers: [] } }, "spec.ephemeralContainers"],
    [{ spec: { restartPolicy: "Always" } }, "spec.restartPolicy"],
    [{ spec: { dnsPolicy: "ClusterFirst" } }, "spec.dnsPolicy"],
    [{ spec: { containers: [{ name: "other" }] } }, "spec.containers"],
    [{ spec: { containers: [{ name: "sandbox" }, { name: "other" }] } }, "spec.containers"],
    [
      { spec: { containers: [{ name: "sandbox", securityContext: {} }] } },
      "spec.containers[0].securityContext",
    ],
    [{ spec: { containers: [{ name: "sandbox", env: [] }] } }, "spec.containers[0].env"],
    [{ spec: { volumes: [{ name: "h", hostPath: { path: "/" } }] } }, "spec.volumes[0].hostPath"],
    [{ spec: { volumes: [{ name: "s", secret: { secretName: "s" } }] } }, "spec.volumes[0].secret"],
    [{ spec: { volumes: [{ name: "t", projected: { sources: [] } }] } }, "spec.volumes[0].projected"],
    [{ spec: { volumes: [{ name: "rollyard-bin", emptyDir: {} }] } }, "spec.volumes[0].name"],
    [
      {
        spec: {
          containers: [{ name: "sandbox", volumeMounts: [{ name: "rollyard-bin", mountPath: "/a" }] }],
        },
      },
      "spec.containers[0].volumeMounts[0].name",
    ],
    ...["/", "/tmp", "/proc/sys", "/.rollyard", "//.rollyard//bin", "/a/../.rollyard", "relative"].map(
      (mountPath): [Readonly<Record<string, unknown>>, string] => [
        {
          spec: {
            volumes: [{ name: "d", emptyDir: {} }],
            containers: [{ name: "sandbox", volumeMounts: [{ name: "d", mountPath }] }],
          },
        },
        "volumeMounts[0].mountPath",
      ],
    ),
    [{ metadata: { labels: { "rollyard.dev/sandbox": "x" } } }, 'metadata.labels["rollyard.dev/sandbox"]'],
    [{ metadata: { labels: { "app.kubernetes.io/component": "x" } } }, "app.kubernetes.io/component"],
    [{ metadata: { annotations: { "k8s.v1.cni.cncf.io/networks": "x" } } }, "k8s.v1.cni.cncf.io/networks"],
    [{ metadata: { finalizers: ["x"] } }, "metadata.finalizers"],
    [{ kind: "Pod" }, "kind"],
    [{ spec: [] }, "must be objects"],
  ])("refuses %j by its name", (template, field) => {
    const merged = merge(template);
    expect(merged.kind).toBe("refused");
    expect(merged.kind === "refused" ? merged.reasons.join("\n") : "").toContain(field);
  });

  it("makes no template into a pod that may do more", () => {
    const leaf = fc.constantFrom<JsonValue>(
      true,
      false,
      null,
      0,
      "",
      "sandbox",
      "/",
      "/proc",
      "rollyard-bin",
      "x",
    );
    const names = fc.constantFrom(
      ...[
        "metadata",
        "spec",
        "labels",
        "annotations",
        "volumes",
        "containers",
        "initContainers",
        "name",
        "mountPath",
      ],
      ...[
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "hostUsers",
        "hostPath",
        "privileged",
        "securityContext",
        "secret",
      ],
      ...[
        "capabilities",
        "add",
        "serviceAccountName",
        "serviceAccount",
        "automountServiceAccountToken",
        "env",
      ],
      ...[
        "volumeMounts",
        "volumeDevices",
        "projected",
        "csi",
        "nodeName",
        "emptyDir",
        "tolerations",
        "__proto__",
      ],
      ...[
        "nodeSelector",
        "affinity",
        "runtimeClassName",
        "shareProcessNamespace",
        "image",
        "command",
        "constructor",
      ],
    );
    const { value } = fc.letrec<{ value: JsonValue; object: JsonObject; list: readonly JsonValue[] }>(
      (tie) => ({
        value: fc.oneof({ maxDepth: 6 }, leaf, tie("object"), tie("list")),
        object: fc.dictionary(names, tie("value"), { maxKeys: 4 }),
        list: fc.array(tie("value"), { maxLength: 3 }),
      }),
    );
    const entries = fc.record(
      {
        metadata: fc.dictionary(names, value, { maxKeys: 2 }),
        spec: fc.record(
          {
            volumes: fc.array(
              fc
                .record({ name: fc.constantFrom("d", "rollyard-bin") })
                .chain((volume) =>
                  names.chain((kind) => value.map((content) => ({ ...volume, [kind]: content }))),
                ),
            ),
            containers: fc.array(
              fc.record(
                { name: fc.constantFrom("sandbox", "x"), volumeMounts: value, image: value },
                { requiredKeys: ["name"] },
              ),
              { maxLength: 2 },
            ),
            nodeSelector: value,
            tolerations: value,
            hostNetwork: value,
            hostUsers: fc.boolean(),
            securityContext: value,
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(entries, fc.dictionary(names, value, { maxKeys: 3 })), (template) => {
        const merged = merge(template);
        if (merged.kind === "refused") return;
        accepted += 1;
        expect(rights(merged.pod)).toEqual(rights(BASE));
        expect(foreignVolumes(merged.pod)).toEqual([]);
        expect(merged.pod.metadata.labels).toMatchObject(BASE.metadata.labels);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(5);
  });
});
