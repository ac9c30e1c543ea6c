import { RollyardError } from "../../errors/rollyard-error.ts";
import type { KubeCredentials } from "./kube-credentials.ts";
import { kubeconfigCredentials } from "./kubeconfig.ts";
import { serviceAccountCredentials } from "./service-account.ts";

/** What the process was told about its API server. */
export interface CredentialPlaces {
  /** Path of a kubeconfig file. */
  readonly kubeconfig: string | undefined;
  /** Address that a cluster gives its pods. */
  readonly host: string | undefined;
  readonly port: string | undefined;
}

/** How to reach the API server: by the kubeconfig that was named, else as a pod. Rejects with `kube_credentials`. */
export async function findCredentials({
  kubeconfig,
  host,
  port,
}: CredentialPlaces): Promise<KubeCredentials> {
  if (kubeconfig !== undefined && kubeconfig !== "") return kubeconfigCredentials(kubeconfig);
  if (host !== undefined && port !== undefined) return serviceAccountCredentials({ host, port });
  throw new RollyardError("kube_credentials", {
    message: "This is no pod of a cluster: name a kubeconfig file in the configuration or in KUBECONFIG.",
  });
}
