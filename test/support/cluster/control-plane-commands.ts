import { join } from "node:path";

/** Where a control plane's files and ports are. */
export interface ControlPlanePlaces {
  readonly folder: string;
  readonly apiPort: number;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
}

/** Who the API server knows, by token: enough for a control plane, and for tests that need an administrator. */
export const TOKENS = {
  admin: "admin-token",
  kcm: "kcm-token",
  scheduler: "scheduler-token",
  kwok: "kwok-token",
  node: "node-token",
} as const;

/** Name of the one real node that may join. */
export const NODE_NAME = "real";

/** The API server's `--token-auth-file`. */
export function tokenFile(): string {
  return [
    `${TOKENS.admin},admin,admin,"system:masters"`,
    `${TOKENS.kcm},system:kube-controller-manager,kcm`,
    `${TOKENS.scheduler},system:kube-scheduler,scheduler`,
    `${TOKENS.kwok},kwok,kwok,"system:masters"`,
    `${TOKENS.node},system:node:${NODE_NAME},node,"system:nodes"`,
    "",
  ].join("\n");
}

/** A kubeconfig, as JSON (which is YAML), of the user with a token. */
export function kubeconfig({ folder, apiPort }: ControlPlanePlaces, token: string): string {
  const cluster = {
    server: `https://127.0.0.1:${apiPort}`,
    "certificate-authority": join(folder, "pki", "apiserver.crt"),
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

/** Arguments of etcd, without waiting for the disk: a test's data is not kept. */
export function etcdArgs({ folder, etcdPort, etcdPeerPort }: ControlPlanePlaces): readonly string[] {
  const [client, peer] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${etcdPeerPort}`];
  return [
    ...["--name", "test", "--data-dir", join(folder, "etcd"), "--log-level", "warn"],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ...["--initial-cluster", `test=${peer}`, "--quota-backend-bytes", String(4 * 1024 ** 3)],
    "--unsafe-no-fsync",
  ];
}

/** Arguments of kube-apiserver. It makes its own serving certificate in `pki`. */
export function apiserverArgs({ folder, apiPort, etcdPort }: ControlPlanePlaces): readonly string[] {
  const pki = join(folder, "pki");
  return [
    ...["--etcd-servers", `http://127.0.0.1:${etcdPort}`, "--cert-dir", pki],
    ...["--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1", "--secure-port", String(apiPort)],
    // An endpoint of the service `kubernetes` must not be on loopback, and nobody needs one here.
    ...["--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.96.0.0/16"],
    ...["--authorization-mode", "Node,RBAC", "--token-auth-file", join(folder, "tokens.csv")],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", join(pki, "sa.pub")],
    ...["--service-account-signing-key-file", join(pki, "sa.key")],
    // Nobody here knows nodes by their names.
    ...["--kubelet-preferred-address-types", "InternalIP", "--allow-privileged=true"],
  ];
}

/** Arguments of kube-controller-manager, without its own rate limit. */
export function kcmArgs({ folder }: ControlPlanePlaces, port: number): readonly string[] {
  const pki = join(folder, "pki");
  return [
    ...["--kubeconfig", join(folder, "kcm.kubeconfig"), "--leader-elect=false"],
    ...["--bind-address", "127.0.0.1", "--secure-port", String(port), "--cert-dir", join(folder, "kcm-pki")],
    ...["--use-service-account-credentials=true", "--root-ca-file", join(pki, "apiserver.crt")],
    ...["--service-account-private-key-file", join(pki, "sa.key")],
    ...["--kube-api-qps", "5000", "--kube-api-burst", "10000"],
  ];
}

/** kube-scheduler's configuration, without its own rate limit. */
export function schedulerConfig({ folder }: ControlPlanePlaces): string {
  return JSON.stringify({
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    leaderElection: { leaderElect: false },
    clientConnection: { kubeconfig: join(folder, "scheduler.kubeconfig"), qps: 5000, burst: 10_000 },
  });
}

/** Arguments of kube-scheduler. */
export function schedulerArgs({ folder }: ControlPlanePlaces, port: number): readonly string[] {
  return [
    ...["--config", join(folder, "scheduler.yaml"), "--bind-address", "127.0.0.1"],
    ...["--secure-port", String(port), "--cert-dir", join(folder, "scheduler-pki")],
  ];
}

/** Arguments of kwok. */
export function kwokArgs({ folder }: ControlPlanePlaces, port: number): readonly string[] {
  return ["--kubeconfig", join(folder, "kwok.kubeconfig"), "--server-address", `127.0.0.1:${port}`];
}
