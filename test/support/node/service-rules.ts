/** The part of a Service that its road is made of. */
export interface ServiceObject {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: {
    readonly clusterIP?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number }[];
  };
}

/** The part of an EndpointSlice that roads are made of. */
export interface SliceObject {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly hostname?: string;
    readonly conditions?: { readonly ready?: boolean };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

const SERVICE_NAME = "kubernetes.io/service-name";
const SUFFIX = ".svc.cluster.local";

/**
 * Roads to Services as iptables-restore reads them, of TCP and IPv4: a new connection to a Service goes to one of its ready
 * pods. Source: https://kubernetes.io/docs/reference/networking/virtual-ips
 */
export function serviceRules(services: readonly ServiceObject[], slices: readonly SliceObject[]): string {
  const lines = services.flatMap((service) =>
    (service.spec.ports ?? []).flatMap(({ name = "", port }) => {
      const { clusterIP = "None" } = service.spec;
      if (clusterIP === "None") return [];
      const targets = targetsOf(slicesOf(service, slices), name);
      return targets.map((target, index) => {
        const share = (1 / (targets.length - index)).toFixed(5);
        const chance = `-m statistic --mode random --probability ${share}`;
        return `-A SERVICES -d ${clusterIP}/32 -p tcp --dport ${port} ${chance} -j DNAT --to-destination ${target}`;
      });
    }),
  );
  return [
    "*nat",
    ...["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"].map((chain) => `:${chain} ACCEPT [0:0]`),
    ":SERVICES - [0:0]",
    "-A PREROUTING -j SERVICES",
    "-A OUTPUT -j SERVICES",
    ...lines,
    "COMMIT",
    "",
  ].join("\n");
}

/** Addresses by the whole names of Services and of the pods behind those without an address of their own. */
export function serviceNames(
  services: readonly ServiceObject[],
  slices: readonly SliceObject[],
): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>();
  for (const service of services) {
    const { namespace, name } = service.metadata;
    const whole = `${name}.${namespace}${SUFFIX}`;
    const { clusterIP = "None" } = service.spec;
    if (clusterIP !== "None") {
      names.set(whole, [clusterIP]);
      continue;
    }
    const ready = slicesOf(service, slices).flatMap(readyOf);
    names.set(
      whole,
      ready.flatMap(({ addresses }) => addresses),
    );
    for (const { hostname, addresses } of ready)
      if (hostname !== undefined) names.set(`${hostname}.${whole}`, addresses);
  }
  return names;
}

function slicesOf({ metadata }: ServiceObject, slices: readonly SliceObject[]): readonly SliceObject[] {
  return slices.filter(
    (slice) =>
      slice.metadata.namespace === metadata.namespace &&
      slice.metadata.labels?.[SERVICE_NAME] === metadata.name,
  );
}

function readyOf({ endpoints }: SliceObject): NonNullable<SliceObject["endpoints"]> {
  return (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
}

function targetsOf(slices: readonly SliceObject[], portName: string): readonly string[] {
  return slices.flatMap((slice) => {
    const door = (slice.ports ?? []).find(({ name = "" }) => name === portName)?.port;
    if (door === undefined) return [];
    return readyOf(slice).flatMap(({ addresses }) => addresses.map((address) => `${address}:${door}`));
  });
}
