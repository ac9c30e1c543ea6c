import { BlockList, isIP } from "node:net";
import { describe, expect, it } from "vitest";
import { listOrEmpty, objectOrEmpty } from "../../lib/half-valid.ts";
import type { JsonObject } from "../../lib/json.ts";
import { networkPolicy, policyDigest } from "./network-policy.ts";
import type { PolicySettings } from "./network-policy.ts";

const owner = { uid: "0123", busUid: "0123456789ab", namespace: "team", name: "repo-search" };
const settings: PolicySettings = {
  clients: { namespace: "rollyard-system", components: ["worker", "gateway", "grader"] },
  port: 8321,
  nameservers: ["1.1.1.1", "2606:4700:4700::1111"],
  blockedRanges: ["203.0.114.0/24", "2a00:1450::/32", "fd00::/8"],
};
const rules = (network: "none" | "open", direction: "ingress" | "egress") =>
  listOrEmpty(objectOrEmpty(networkPolicy(owner, network, settings)["spec"])[direction]).map(objectOrEmpty);

/** Whether a policy lets a packet out to an address and port. */
function letsOut(network: "none" | "open", address: string, port: number): boolean {
  return rules(network, "egress").some((rule) => {
    const ports = listOrEmpty(rule["ports"]).map((each) => objectOrEmpty(each)["port"]);
    const blocks = listOrEmpty(rule["to"]).map((to) => objectOrEmpty(objectOrEmpty(to)["ipBlock"]));
    return (ports.length === 0 || ports.includes(port)) && blocks.some((block) => holds(block, address));
  });
}

function holds({ cidr, except }: JsonObject, address: string): boolean {
  const isIn = (range: unknown): boolean => {
    const [net = "", bits = ""] = String(range).split("/");
    if (isIP(net) !== isIP(address)) return false;
    const list = new BlockList();
    list.addSubnet(net, Number(bits), isIP(net) === 6 ? "ipv6" : "ipv4");
    return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  };
  return isIn(cidr) && !listOrEmpty(except).some(isIn);
}

describe("networkPolicy", () => {
  it("lets in those who drive and grade, at sandboxd's port, and nobody else", () => {
    expect(rules("open", "ingress")).toEqual([
      {
        from: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "rollyard-system" } },
            podSelector: {
              matchExpressions: [
                {
                  key: "app.kubernetes.io/component",
                  operator: "In",
                  values: ["worker", "gateway", "grader"],
                },
              ],
            },
          },
        ],
        ports: [{ protocol: "TCP", port: 8321 }],
      },
    ]);
  });

  it("lets nothing out without a network", () => {
    expect(rules("none", "egress")).toEqual([]);
    expect(letsOut("none", "93.184.215.14", 443)).toBe(false);
  });

  it.each(["93.184.215.14", "1.1.1.1", "2606:2800:21f:cb07::1"])(
    "lets %s be reached with open",
    (address) => {
      expect(letsOut("open", address, 443)).toBe(true);
    },
  );

  it.each([
    "10.96.0.1",
    "172.20.0.10",
    "192.168.1.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "203.0.114.7",
    "fd00:ec2::254",
    "fe80::1",
    "::1",
    "::ffff:10.0.0.1",
    "2002:a00:1::",
    "2a00:1450:1::1",
  ])("keeps %s out of reach with open", (address) => {
    expect(letsOut("open", address, 443)).toBe(false);
  });

  it("lets a name server inside a blocked range be asked, and nothing else of it", () => {
    const inside = { ...settings, nameservers: ["10.96.0.10"] };
    const [names] = listOrEmpty(objectOrEmpty(networkPolicy(owner, "open", inside)["spec"])["egress"]);
    expect(names).toEqual({
      to: [{ ipBlock: { cidr: "10.96.0.10/32" } }],
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    });
  });
});

describe("policyDigest", () => {
  const policy = networkPolicy(owner, "none", settings);
  const spec = objectOrEmpty(policy["spec"]);

  it("is the same when the API server leaves an empty list out and adds what is its own", () => {
    const { egress: _, ...stored } = spec;
    const metadata = { ...objectOrEmpty(policy["metadata"]), uid: "9", resourceVersion: "7" };
    expect(policyDigest({ ...policy, metadata, spec: stored })).toBe(policyDigest(policy));
  });

  it.each([
    ["a rule more", { spec: { ...spec, egress: [{}] } }],
    ["no rule for one direction", { spec: { ...spec, policyTypes: ["Ingress"] } }],
    ["other pods", { spec: { ...spec, podSelector: { matchLabels: { a: "b" } } } }],
    ["no labels", { metadata: { ...objectOrEmpty(policy["metadata"]), labels: {} } }],
    ["no owner", { metadata: { ...objectOrEmpty(policy["metadata"]), ownerReferences: [] } }],
  ])("is another with %s", (_name, change) => {
    expect(policyDigest({ ...policy, ...change })).not.toBe(policyDigest(policy));
  });
});
