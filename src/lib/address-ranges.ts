/** A part of the internet and what of it is none. */
export interface OpenRange {
  readonly cidr: string;
  readonly except: readonly string[];
}

/**
 * What of IPv4 is not the internet: this network, private, shared, loopback, link-local (metadata), benchmarks,
 * documentation, multicast and reserved ones. Source: https://www.iana.org/assignments/iana-ipv4-special-registry/
 */
const SPECIAL_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  // The metadata address of one cloud, which is no private one.
  "168.63.129.16/32",
  "224.0.0.0/4",
  "240.0.0.0/4",
] as const;

/**
 * Global unicast is all of IPv6's internet; taken out are the ranges that carry an IPv4 address inside and could be
 * led back to a private one, and documentation. Source: https://www.iana.org/assignments/iana-ipv6-special-registry/
 */
const GLOBAL_V6 = "2000::/3";
const SPECIAL_V6 = ["2001::/32", "2001:db8::/32", "2002::/16"] as const;

/** The internet without its special ranges and the given ones (CIDRs of both families). */
export function openRanges(blockedRanges: readonly string[]): readonly OpenRange[] {
  const isV6 = (cidr: string): boolean => cidr.includes(":");
  const v4 = new Set([...SPECIAL_V4, ...blockedRanges.filter((cidr) => !isV6(cidr))]);
  const v6 = new Set([...SPECIAL_V6, ...blockedRanges.filter((cidr) => isV6(cidr) && isGlobalV6(cidr))]);
  return [
    { cidr: "0.0.0.0/0", except: [...v4] },
    { cidr: GLOBAL_V6, except: [...v6] },
  ];
}

/** An exception has to lie inside of its range, or the API server refuses the policy. */
function isGlobalV6(cidr: string): boolean {
  return /^[23][\da-f]{3}:/i.test(cidr);
}
