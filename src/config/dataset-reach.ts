import { lookup as systemLookup } from "node:dns";
import type { LookupAddress } from "node:dns";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { RollyardError } from "../errors/rollyard-error.ts";
import { publicAddressRule } from "./public-address.ts";

/** Where a download may go: everywhere, or to public addresses and the hosts that an administrator named. */
export interface DatasetReach {
  /** Throws `dataset_not_found` for a URL that names an address which it must not. */
  check(url: URL): void;
  /** Resolves names for a connection; one that has no address to go to is refused. */
  readonly lookup: LookupFunction;
}

/** Goes everywhere: what a user's own machine may reach is that user's affair. */
export const anywhere: DatasetReach = { check: () => undefined, lookup: systemLookup };

/** What an administrator says of the network. */
export interface ReachRules {
  /** Names or addresses of hosts that may be anywhere; `*.example` stands for all names below. */
  readonly allowedHosts: readonly string[];
  /** CIDRs beside the private and special ones that must not be reached. */
  readonly blockedRanges: readonly string[];
}

/**
 * Goes to the internet only, and to named hosts. The address is looked at when a connection is made, so a name that
 * changes its mind gets nowhere.
 */
export function publicReach(
  { allowedHosts, blockedRanges }: ReachRules,
  lookup: LookupFunction = systemLookup,
): DatasetReach {
  const isPublic = publicAddressRule(blockedRanges);
  const isAllowed = (host: string): boolean => allowedHosts.some((allowed) => matches(host, allowed));
  return {
    check: ({ hostname }) => {
      const host = hostname.replaceAll(/^\[|\]$/gu, "");
      if (isIP(host) !== 0 && !isAllowed(host) && !isPublic(host)) throw notAllowed();
    },
    lookup: (host, options, callback) => {
      lookup(host, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, "");
        const addresses = (found as LookupAddress[]).filter(
          ({ address }) => isAllowed(host) || isPublic(address),
        );
        const [first] = addresses;
        if (first === undefined) return callback(notAllowed(), "");
        if (options.all === true) return callback(null, addresses);
        return callback(null, first.address, first.family);
      });
    },
  };
}

function matches(host: string, allowed: string): boolean {
  const name = host.toLowerCase().replace(/\.$/u, "");
  const wanted = allowed.toLowerCase();
  return wanted.startsWith("*.") ? name.endsWith(wanted.slice(1)) : name === wanted;
}

function notAllowed(): RollyardError {
  return new RollyardError("dataset_not_found", {
    message:
      "can't be downloaded: its host has no public address, and the controller's configuration does not name it in datasets.allowedHosts",
    details: { reason: "HostNotAllowed" },
  });
}
