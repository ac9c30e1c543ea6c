/** Shorter words of a header are no key, and may well be part of a sentence. */
const SHORTEST_KEY = 6;

/** Leaves the values of headers out of texts: what a server says may repeat the key that it was sent. */
export function withoutKeys(headers: Readonly<Record<string, string>>): (text: string) => string {
  const words = Object.values(headers).flatMap((value) => value.split(/\s+/u));
  const keys = words.filter((word) => word.length >= SHORTEST_KEY && word.toLowerCase() !== "bearer");
  return (text) => keys.reduce((left, key) => left.replaceAll(key, "(key)"), text);
}
