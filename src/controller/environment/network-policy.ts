import { API_GROUP, API_VERSION, ENVIRONMENT_KIND } from "../../kube/api-group.ts";
import { LABELS, MANAGED_BY } from "../../kube/labels.ts";
import { canonicalJson } from "../../lib/canonical-json.ts";
import { listOrEmpty, objectOrEmpty } from "../../lib/half-valid.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { openRanges } from "../../lib/address-ranges.ts";

/** What a platform's network looks like, as far as policies have to know. */
export interface PolicySettings {
  /** Who may speak to sandboxd: pods of this namespace with these values of `app.kubernetes.io/component`. */
  readonly clients: { readonly namespace: string; readonly components: readonly string[] };
  /** Port of sandboxd. */
  readonly port: number;
  /** Addresses of name servers that `network: open` may ask, wherever they are. */
  readonly nameservers: readonly string[];
  /** CIDRs beside the private ones that nothing may reach: the cluster's, the nodes', a company's. */
  readonly blockedRanges: readonly string[];
}

/** Whose policy it is. */
export interface PolicyOwner {
  readonly uid: string;
  readonly busUid: string;
  readonly namespace: string;
  readonly name: string;
}

/** The policy's name; users see it beside their own. */
export function policyName(environmentName: string): string {
  return `rollyard-${environmentName}`;
}

/**
 * The NetworkPolicy of an Environment's sandboxes: nothing comes in but to sandboxd from those who drive and grade, and
 * nothing goes out, or with `open` only to the internet. Policies add up, so another one of the namespace may allow more.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
 */
export function networkPolicy(
  owner: PolicyOwner,
  network: "none" | "open",
  settings: PolicySettings,
): JsonObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: policyName(owner.name),
      namespace: owner.namespace,
      labels: {
        [LABELS.managedBy]: MANAGED_BY,
        [LABELS.environment]: owner.name,
        [LABELS.environmentUid]: owner.busUid,
      },
      ownerReferences: [
        {
          apiVersion: `${API_GROUP}/${API_VERSION}`,
          kind: ENVIRONMENT_KIND.kind,
          name: owner.name,
          uid: owner.uid,
          controller: true,
        },
      ],
    },
    spec: {
      podSelector: { matchLabels: { [LABELS.environmentUid]: owner.busUid } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [ingressRule(settings)],
      egress: network === "none" ? [] : egressRules(settings),
    },
  };
}

/** What of a policy we care for, as a text: two policies that allow the same have the same one. */
export function policyDigest(policy: JsonObject): string {
  const { podSelector, policyTypes, ingress, egress } = objectOrEmpty(policy["spec"]);
  const { labels, ownerReferences } = objectOrEmpty(policy["metadata"]);
  const all = objectOrEmpty(labels);
  const owners = listOrEmpty(ownerReferences).map((owner) => objectOrEmpty(owner)["uid"] ?? "");
  return canonicalJson({
    labels: [LABELS.managedBy, LABELS.environmentUid].map((name) => all[name] ?? ""),
    owners,
    podSelector: podSelector ?? {},
    policyTypes: listOrEmpty(policyTypes),
    ingress: listOrEmpty(ingress),
    egress: listOrEmpty(egress),
  });
}

function ingressRule({ clients, port }: PolicySettings): JsonObject {
  const namespaces = { matchLabels: { "kubernetes.io/metadata.name": clients.namespace } };
  const components = { key: LABELS.component, operator: "In", values: clients.components };
  return {
    from: [{ namespaceSelector: namespaces, podSelector: { matchExpressions: [components] } }],
    ports: [{ protocol: "TCP", port }],
  };
}

function egressRules({ nameservers, blockedRanges }: PolicySettings): readonly JsonValue[] {
  const internet = openRanges(blockedRanges).map(({ cidr, except }) => ({ ipBlock: { cidr, except } }));
  const names = nameservers.map((address) => ({
    ipBlock: { cidr: `${address}/${address.includes(":") ? 128 : 32}` },
  }));
  const ports = ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 }));
  return [...(names.length === 0 ? [] : [{ to: names, ports }]), { to: internet }];
}
