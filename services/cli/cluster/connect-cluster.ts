import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import type { CliIo } from "../cli-io.ts";
import type { ClusterFlags } from "./cluster-flags.ts";
import { callerTokens } from "./caller-tokens.ts";
import { userCredentials } from "./find-kubeconfig.ts";
import { GatewayClient } from "./gateway-client.ts";
import type { GatewayService } from "./gateway-client.ts";

/** A cluster as its user reaches it. */
export interface Cluster {
  readonly namespace: string;
  /** Namespace of the services: that of the gateway's Service. */
  readonly installedIn: string;
  readonly client: KubeClient;
  readonly gateway: GatewayClient;
}

const DEFAULT_SERVICE = "rollyard-system/rollyard-gateway:8080";

/** Runs a command's work on the cluster that its flags and the kubeconfig name. Rejects with `kube_credentials`, and as the work does. */
export function withCluster<T>(
  flags: ClusterFlags,
  io: CliIo,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  return withClusterLater(flags, io, async (connect) => work(await connect()));
}

/**
 * The same for work that may need no cluster: the kubeconfig is read when it first connects, which rejects with
 * `kube_credentials`.
 */
export async function withClusterLater<T>(
  flags: ClusterFlags,
  io: CliIo,
  work: (connect: () => Promise<Cluster>) => Promise<T>,
): Promise<T> {
  let connecting: Promise<OpenCluster> | null = null;
  const connect = async (): Promise<Cluster> => (await (connecting ??= openCluster(flags, io))).cluster;
  try {
    return await work(connect);
  } finally {
    // Whoever waits for it has heard of a failure.
    const open = await (connecting as Promise<OpenCluster> | null)?.catch(() => null);
    await open?.close();
  }
}

interface OpenCluster {
  readonly cluster: Cluster;
  close(): Promise<unknown>;
}

async function openCluster(flags: ClusterFlags, io: CliIo): Promise<OpenCluster> {
  const credentials = await userCredentials(flags, io);
  const namespace = flags.namespace ?? credentials.namespace;
  const transport = createKubeTransport(credentials, { connections: 4 });
  const client = new KubeClient(transport);
  const gateway = new GatewayClient(
    roadOf(flags, io, credentials),
    callerTokens({ credentials, client, namespace, flags, io }),
  );
  return {
    cluster: { namespace, installedIn: serviceOf(flags, io).split("/")[0] ?? "", client, gateway },
    close: () => Promise.all([transport.close(), gateway.close()]),
  };
}

function serviceOf({ gatewayService }: ClusterFlags, { env }: CliIo): string {
  return gatewayService ?? env["ROLLYARD_GATEWAY_SERVICE"] ?? DEFAULT_SERVICE;
}

function roadOf(flags: ClusterFlags, io: CliIo, credentials: KubeCredentials) {
  const { env } = io;
  const url = flags.gateway ?? env["ROLLYARD_GATEWAY"];
  if (url !== undefined && url !== "" && flags.gatewayService === undefined) {
    if (/^https?:\/\/[^/]+/u.test(url) && URL.canParse(url)) return { kind: "url", url } as const;
    throw new RollyardError("bad_input", {
      message: `--gateway ${url} is no address; give one such as https://rollyard.example.`,
    });
  }
  const service = parseService(serviceOf(flags, io));
  return { kind: "service", credentials, service } as const;
}

/** Reads `namespace/[https:]name[:port]` into what the API server's proxy takes: without a scheme it is http. */
function parseService(text: string): GatewayService {
  const match = /^([a-z0-9-]+)\/(?:(https?):)?([a-z0-9-]+)(?::([a-z0-9-]+))?$/u.exec(text);
  if (match === null) {
    throw new RollyardError("bad_input", {
      message: `--gateway-service ${text} is no Service; give one such as ${DEFAULT_SERVICE}.`,
    });
  }
  const [, namespace = "", scheme = "http", name = "", port = ""] = match;
  return { namespace, name: `${scheme}:${name}:${port}` };
}
