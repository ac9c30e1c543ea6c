import { ObjectStore } from "../../../src/kube/cache/object-store.ts";
import type { Cached } from "../../../src/kube/cache/object-store.ts";
import { Reflector } from "../../../src/kube/cache/reflector.ts";
import { KubeClient } from "../../../src/kube/kube-client.ts";
import { objectKey } from "../../../src/kube/kube-object.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { createKubeTransport } from "../../../src/kube/transport/https-kube-transport.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/logger.ts";

/** ConfigMaps, as addresses name them: the smallest objects that any API server has. */
export const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };

/** What a mirror keeps of a ConfigMap. */
export interface MirroredMap extends Cached {
  readonly value: string;
}

/** A reflector of one namespace's ConfigMaps that runs, with its connections. */
export interface Mirror {
  readonly client: KubeClient;
  readonly store: ObjectStore<MirroredMap>;
  /** How often everything was listed. */
  lists(): number;
  stop(): Promise<void>;
}

/** Starts a mirror and waits for its first list. */
export async function startMirror(
  credentials: KubeCredentials,
  namespace: string,
  watchSeconds?: { readonly least: number; readonly most: number },
): Promise<Mirror> {
  const transport = createKubeTransport(credentials, { timeoutMs: 5000 });
  const client = new KubeClient(transport);
  const store = new ObjectStore<MirroredMap>({});
  let lists = 0;
  const reflector = new Reflector<MirroredMap>({
    client,
    transport,
    resource: CONFIG_MAPS,
    place: { namespace },
    project: (object) => ({
      key: objectKey(object.metadata),
      uid: object.metadata.uid,
      resourceVersion: object.metadata.resourceVersion,
      value: (object as { readonly data?: { readonly value?: string } }).data?.value ?? "",
    }),
    store,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
    pageSize: 50,
    onListed: () => {
      lists += 1;
    },
    ...(watchSeconds === undefined ? {} : { watchSeconds }),
  });
  const end = new AbortController();
  const running = reflector.run(end.signal);
  await reflector.untilSynced();
  return {
    client,
    store,
    lists: () => lists,
    stop: async () => {
      end.abort();
      await running;
      await transport.close();
    },
  };
}

/** A ConfigMap to be written. */
export function configMap(name: string, value = ""): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value } };
}
