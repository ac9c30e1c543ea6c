import type { Command } from "commander";

/** How a command finds its cluster and its gateway. */
export interface ClusterFlags {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly gateway?: string;
  readonly gatewayService?: string;
  readonly token?: string;
  readonly serviceAccount?: string;
}

/** Says of a JOB what it means; part of the help of each command that takes one. */
export const WHICH_JOB = `JOB is the name of a RolloutJob, or rj/NAME. The cluster, the namespace and who you are come from your kubeconfig, as kubectl's do.
The gateway is asked through the API server, or at --gateway URL (ROLLYARD_GATEWAY). It takes your Kubernetes token; who signs in by a
certificate gives --service-account NAME, or --token (ROLLYARD_TOKEN).
`;

/** Adds the options by which a cluster's API server is found. */
export function addClusterOptions(command: Command): Command {
  return command
    .option("-n, --namespace <name>", "namespace; default the context's")
    .option("--kubeconfig <file>", "default KUBECONFIG, else ~/.kube/config, else the pod's service account")
    .option("--context <name>", "context of the kubeconfig; default its current one");
}

/** The same, and those by which the gateway is. */
export function addGatewayOptions(command: Command): Command {
  return addClusterOptions(command)
    .option("--gateway <url>", "address of the gateway; default through the API server")
    .option("--gateway-service <ns/name:port>", "its Service; default rollyard-system/rollyard-gateway:8080")
    .option(
      "--service-account <name>",
      "asks as this service account of the namespace, by a token of ten minutes",
    )
    .option(
      "--token <token>",
      "a Kubernetes token; visible to others on this machine, ROLLYARD_TOKEN is not",
    );
}

/** Whether any of them is given: then a cluster is meant. */
export function meansCluster(flags: ClusterFlags): boolean {
  const { namespace, kubeconfig, context, gateway, gatewayService, token, serviceAccount } = flags;
  return [namespace, kubeconfig, context, gateway, gatewayService, token, serviceAccount].some(
    (flag) => flag !== undefined,
  );
}
