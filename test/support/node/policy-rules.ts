/** The part of a NetworkPolicy that rules are made of. */
export interface PolicyObject {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
    readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  };
}

/** The part of a pod that rules are made of. */
export interface PolicyPod {
  readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status?: { readonly podIP?: string; readonly phase?: string };
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
}

interface Port {
  readonly protocol?: string;
  readonly port?: number;
}

interface Rule {
  readonly peers: readonly Peer[] | undefined;
  readonly ports: readonly Port[] | undefined;
}

/** A label that every namespace has, with its name. */
const NAME_LABEL = "kubernetes.io/metadata.name";

/** Set on a packet that a policy of its pod allows. */
const ALLOWED = "0x1";

/**
 * The firewall of a node as iptables-restore reads it, of IPv4: a pod that a policy selects sends and gets what its policies
 * allow, and what belongs to a connection that was allowed. What the node itself sends to its pods is not filtered, as with
 * any plugin. Source: https://kubernetes.io/docs/concepts/services-networking/network-policies
 */
export function firewallRules(policies: readonly PolicyObject[], pods: readonly PolicyPod[]): string {
  const running = pods.filter(
    ({ status }) => status?.podIP !== undefined && status.phase !== "Succeeded" && status.phase !== "Failed",
  );
  const lines = running.flatMap((pod) =>
    (["Egress", "Ingress"] as const).flatMap((type) => podLines(pod, type, { policies, pods: running })),
  );
  const chains = new Set(lines.flatMap((line) => /^-A (\S+)/.exec(line)?.[1] ?? []));
  return [
    "*filter",
    ...["INPUT", "FORWARD", "OUTPUT"].map((chain) => `:${chain} ACCEPT [0:0]`),
    ...[...new Set(["POLICIES", ...chains])].map((chain) => `:${chain} - [0:0]`),
    "-A INPUT -j POLICIES",
    "-A FORWARD -j POLICIES",
    "-A POLICIES -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
    ...lines,
    "COMMIT",
    "",
  ].join("\n");
}

interface World {
  readonly policies: readonly PolicyObject[];
  readonly pods: readonly PolicyPod[];
}

type Direction = "Egress" | "Ingress";

function podLines(pod: PolicyPod, type: Direction, { policies, pods }: World): readonly string[] {
  const own = policies.filter((policy) => isOf(policy, pod) && typesOf(policy).includes(type));
  if (own.length === 0) return [];
  const ip = pod.status?.podIP ?? "";
  const chain = `${type === "Egress" ? "FROM" : "TO"}-${ip}`;
  const where = `-A POLICIES ${type === "Egress" ? "-s" : "-d"} ${ip}/32`;
  const rules = own.flatMap((policy) => rulesOf(policy, type).map((rule) => ({ rule, policy })));
  return [
    `-A ${chain} -j MARK --set-xmark 0x0/${ALLOWED}`,
    ...rules.flatMap(({ rule, policy }, index) =>
      ruleLines(rule, { type, chain: `${chain}-${index}`, parent: chain, policy, pods }),
    ),
    `${where} -j ${chain}`,
    `${where} -m mark ! --mark ${ALLOWED}/${ALLOWED} -j DROP`,
  ];
}

interface RulePlace {
  readonly type: Direction;
  readonly chain: string;
  readonly parent: string;
  readonly policy: PolicyObject;
  readonly pods: readonly PolicyPod[];
}

function ruleLines({ peers, ports }: Rule, place: RulePlace): readonly string[] {
  const { chain, parent, type, policy, pods } = place;
  const side = type === "Egress" ? "-d" : "-s";
  const doors = ports === undefined ? [""] : ports.map(door);
  const open = (to: string, match: string): readonly string[] =>
    doors.map((each) => `-A ${to} ${match}${each} -j MARK --set-xmark ${ALLOWED}/${ALLOWED}`);
  if (peers === undefined) return open(parent, "");
  return peers.flatMap((peer, index) => {
    if (peer.ipBlock === undefined)
      return addressesOf(peer, policy, pods).flatMap((address) => open(parent, `${side} ${address}/32`));
    const { cidr, except = [] } = peer.ipBlock;
    if (cidr.includes(":")) return [];
    const inner = `${chain}-${index}`;
    const left = except.map((each) => `-A ${inner} ${side} ${each} -j RETURN`);
    return [...left, ...open(inner, ""), `-A ${parent} ${side} ${cidr} -j ${inner}`];
  });
}

function typesOf({ spec }: PolicyObject): readonly string[] {
  return spec.policyTypes ?? ["Ingress", ...(spec.egress === undefined ? [] : ["Egress"])];
}

function rulesOf({ spec }: PolicyObject, type: Direction): readonly Rule[] {
  return type === "Egress"
    ? (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
    : (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }));
}

function isOf({ metadata, spec }: PolicyObject, pod: PolicyPod): boolean {
  return metadata.namespace === pod.metadata.namespace && matches(spec.podSelector, pod.metadata.labels);
}

function addressesOf(peer: Peer, policy: PolicyObject, pods: readonly PolicyPod[]): readonly string[] {
  return pods
    .filter(({ metadata }) =>
      peer.namespaceSelector === undefined
        ? metadata.namespace === policy.metadata.namespace
        : matches(peer.namespaceSelector, { [NAME_LABEL]: metadata.namespace }),
    )
    .filter(({ metadata }) => matches(peer.podSelector, metadata.labels))
    .flatMap(({ status }) => status?.podIP ?? []);
}

/** Of expressions only `In` is known: no policy of ours has another. */
function matches(selector: Selector | undefined, labels: Readonly<Record<string, string>> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values = [] }) => values.includes(labels[key] ?? ""))
  );
}

function door({ protocol = "TCP", port }: Port): string {
  const number = port === undefined ? "" : ` --dport ${port}`;
  return ` -p ${protocol.toLowerCase()}${number}`;
}
