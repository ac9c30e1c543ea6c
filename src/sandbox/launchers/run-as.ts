import { randomInt } from "node:crypto";

// Above every range that distributions, systemd and subordinate ids give away, below 2^31.
const FIRST_UID = 0x7000_0000;
const UIDS = 0x0fff_0000;

/** Gives every sandbox of a launcher that runs as root a user id of its own; null where we are not root. */
export function unprivilegedUids(isRoot: boolean, random = randomInt): () => number | null {
  if (!isRoot) return () => null;
  let next = random(UIDS);
  return () => {
    next = (next + 1) % UIDS;
    return FIRST_UID + next;
  };
}
