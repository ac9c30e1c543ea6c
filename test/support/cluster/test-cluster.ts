import { inject } from "vitest";

/** What the tests of the cluster tier share: an API server, or the reason why there is none. */
export type ProvidedCluster =
  | {
      readonly kind: "ready";
      /** Of an administrator. */
      readonly kubeconfigFile: string;
      /** Path of kubectl. */
      readonly kubectl: string;
      /** False for a cluster that the user named: no test may hurt it. */
      readonly isOurs: boolean;
    }
  | { readonly kind: "missing"; readonly reason: string };

/** The API server that the tests of the cluster tier share. */
export interface TestCluster {
  readonly kubeconfigFile: string;
  readonly kubectl: string;
  /** Then the tests have to be skipped; the tier has said why. */
  readonly isMissing: boolean;
}

/** The shared API server; its fields are empty where there is none. */
export function testCluster(): TestCluster {
  const cluster = inject("cluster");
  return cluster.kind === "ready"
    ? { kubeconfigFile: cluster.kubeconfigFile, kubectl: cluster.kubectl, isMissing: false }
    : { kubeconfigFile: "", kubectl: "", isMissing: true };
}
