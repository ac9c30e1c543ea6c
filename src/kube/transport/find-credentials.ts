import { RollyardError } from "../../errors/rollyard-error.ts";
import type { KubeCredentials } from "./kube-credentials.ts";
import { kubeconfigCredentials } from "./kubeconfig.ts";
import { serviceAccountCredentials } from "./service-account.ts";

/** The variables of a process that say how to reach an API server. */
export interface CredentialVariables {
  /** Path of a kubeconfig file. */
  readonly KUBECONFIG?: string | undefined;
  /** Address that a cluster gives its pods. */
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
}

/**
 * How to reach the API server: by the kubeconfig that the configuration names, or the variables, else as a pod. Rejects with
 * `kube_credentials`.
 */
export async function findCredentials(
  configured: string | undefined,
  variables: CredentialVariables,
): Promise<KubeCredentials> {
  const kubeconfig = configured ?? variables.KUBECONFIG;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = variables;
  if (kubeconfig !== undefined && kubeconfig !== "") return kubeconfigCredentials(kubeconfig);
  if (host !== undefined && port !== undefined) return serviceAccountCredentials({ host, port });
  throw new RollyardError("kube_credentials", {
    message: "This is no pod of a cluster: name a kubeconfig file in the configuration or in KUBECONFIG.",
  });
}
