/** A node that kwok plays; pods have to tolerate its taint. */
export function kwokNode(name: string, labels: Readonly<Record<string, string>> = {}): object {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", ...labels },
      annotations: { "kwok.x-k8s.io/node": "fake" },
    },
    spec: { taints: [KWOK_TAINT] },
  };
}

/** Keeps pods that are not meant for kwok away from its nodes. */
export const KWOK_TAINT = { key: "kwok.x-k8s.io/node", value: "fake", effect: "NoSchedule" };

/** A pod for kwok's nodes; its annotations say what it does (kwok.yaml). */
export function kwokPod(name: string, annotations: Readonly<Record<string, string>> = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, annotations },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      tolerations: [KWOK_TAINT],
      containers: [{ name: "main", image: "registry.example/none:1" }],
    },
  };
}
