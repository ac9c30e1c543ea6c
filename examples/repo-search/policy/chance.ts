/**
 * A number in [0, 1) that depends on nothing but its arguments, so that the policy needs no state: FNV-1a of
 * `seed:topic`, then the finalizer of MurmurHash3, because FNV alone leaves neighbouring seeds alike.
 */
export function chance(seed: number, topic: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}:${topic}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
