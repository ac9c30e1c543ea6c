import { ObjectStore } from "../../../src/kube/cache/object-store.ts";
import type { Cached } from "../../../src/kube/cache/object-store.ts";
import { Reflector } from "../../../src/kube/cache/reflector.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { objectKey } from "../../../src/kube/kube-object.ts";
import type { KubeObject } from "../../../src/kube/kube-object.ts";
import { kubeconfigCredentials } from "../../../src/kube/transport/kubeconfig.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { Contender, ContenderSetup, PodMirror } from "./contender.ts";

const PODS = { group: "", version: "v1", plural: "pods" };

/** What a broker would keep of a sandbox's pod. */
interface CachedPod extends Cached {
  readonly pool: string;
  readonly phase: string;
  readonly address: string;
  readonly node: string;
}

/** Our own client and reflector. */
export async function ownContender({
  kubeconfigFile,
  namespace,
  server,
}: ContenderSetup): Promise<Contender> {
  const credentials = await kubeconfigCredentials(kubeconfigFile);
  const transport = createKubeTransport({ ...credentials, server: server ?? credentials.server });
  const client = new KubeClient(transport);
  return {
    createPod: async (pod) => {
      const { kind } = await client.create(PODS, { namespace }, pod);
      if (kind !== "done") throw new Error(`a pod was not created: ${kind}`);
    },
    mirrorPods: async (): Promise<PodMirror> => {
      const store = new ObjectStore<CachedPod, "pool">({ pool: ({ pool }) => [pool] });
      let events = 0;
      store.listen(() => {
        events += 1;
      });
      const reflector = new Reflector<CachedPod>({
        client,
        transport,
        resource: PODS,
        place: { namespace },
        project,
        store,
        clock: systemClock,
        random: Math.random,
        logger: silentLogger,
      });
      const end = new AbortController();
      const running = reflector.run(end.signal);
      await reflector.untilSynced();
      return {
        size: () => store.size,
        events: () => events,
        stop: async () => {
          end.abort();
          await running;
        },
      };
    },
    close: () => transport.close(),
  };
}

function project(object: KubeObject): CachedPod {
  const { metadata, spec, status } = object as KubeObject & {
    readonly spec?: { readonly nodeName?: string };
    readonly status?: { readonly phase?: string; readonly podIP?: string };
  };
  return {
    key: objectKey(metadata),
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    pool: metadata.labels?.["rollyard.dev/pool"] ?? "",
    phase: status?.phase ?? "",
    address: status?.podIP ?? "",
    node: spec?.nodeName ?? "",
  };
}
