import { BlockList, isIP } from "node:net";
import { openRanges } from "../lib/address-ranges.ts";

/** Whether an address, as text, is one of the internet: in none of the special ranges and none of the given ones (CIDRs). */
export function publicAddressRule(blockedRanges: readonly string[]): (address: string) => boolean {
  const ranges = openRanges(blockedRanges).map(({ cidr, except }) => ({
    inside: blockList([cidr]),
    outside: blockList(except),
  }));
  return (address) => {
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    return ranges.some(
      ({ inside, outside }) => inside.check(address, family) && !outside.check(address, family),
    );
  };
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", prefix = ""] = cidr.split("/");
    list.addSubnet(network, Number(prefix), network.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
