/** A pod of the size that a sandbox's has: an init container, a container, volumes and limits. */
export function benchPod(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      labels: {
        "app.kubernetes.io/name": "rollyard",
        "rollyard.dev/environment": "bench",
        "rollyard.dev/pool": "warm",
      },
      annotations: { "rollyard.dev/template": "8f4f5b9f0c" },
    },
    spec: benchPodSpec(),
  };
}

/** Its `spec`. */
export function benchPodSpec(): object {
  const resources = {
    requests: { cpu: "250m", memory: "256Mi" },
    limits: { memory: "512Mi", "ephemeral-storage": "1Gi" },
  };
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
  };
  const volumeMounts = [
    { name: "sandboxd", mountPath: "/.rollyard", readOnly: true },
    { name: "workspace", mountPath: "/workspace" },
  ];
  return {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    initContainers: [
      {
        name: "sandboxd",
        image: "registry.example/sandboxd:1",
        command: ["/sandboxd", "install"],
        securityContext,
        volumeMounts,
      },
    ],
    containers: [
      {
        name: "sandbox",
        image: "registry.example/repo-search:1",
        command: ["/.rollyard/sandboxd", "serve"],
        env: [{ name: "LANG", value: "C.UTF-8" }],
        ports: [{ containerPort: 8790, name: "sandboxd" }],
        startupProbe: { httpGet: { path: "/healthz", port: "sandboxd" }, periodSeconds: 1 },
        resources,
        securityContext,
        volumeMounts,
      },
    ],
    volumes: [
      { name: "sandboxd", emptyDir: { medium: "Memory" } },
      { name: "workspace", emptyDir: { sizeLimit: "1Gi" } },
    ],
  };
}
