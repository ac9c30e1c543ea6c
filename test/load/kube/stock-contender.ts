import { CoreV1Api, KubeConfig, makeInformer } from "@kubernetes/client-node";
import type { Contender, ContenderSetup, PodMirror } from "./contender.ts";

/** `@kubernetes/client-node` as its documentation shows it. */
export async function stockContender({
  kubeconfigFile,
  namespace,
  server,
}: ContenderSetup): Promise<Contender> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigFile);
  if (server !== undefined) config.clusters = config.clusters.map((cluster) => ({ ...cluster, server }));
  const api = config.makeApiClient(CoreV1Api);
  return {
    createPod: async (pod) => {
      await api.createNamespacedPod({ namespace, body: pod });
    },
    mirrorPods: async (): Promise<PodMirror> => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const informer = makeInformer(config, path, () => api.listNamespacedPod({ namespace }));
      let events = 0;
      for (const verb of ["add", "update", "delete"] as const) {
        informer.on(verb, () => {
          events += 1;
        });
      }
      await informer.start();
      return { size: () => informer.list().length, events: () => events, stop: () => informer.stop() };
    },
    close: async () => undefined,
  };
}
