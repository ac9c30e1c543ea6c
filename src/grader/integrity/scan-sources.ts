import type { Finding, IntegrityFacts } from "./integrity-check.ts";

/** Signs by the word that results show. */
export type Signs = Readonly<Record<string, RegExp>>;

/** The first sign that a file shows, and in how many files there is one. */
export function scanSources({ sources }: Pick<IntegrityFacts, "sources">, signs: Signs): Finding | null {
  const found = sources.flatMap(({ code }) => firstSign(code, signs) ?? []);
  const [reason] = found;
  return reason === undefined ? null : { reason, evidence: { files: String(found.length) } };
}

/** The word of the first sign that a text shows. */
export function firstSign(text: string, signs: Signs): string | null {
  return firstPlace(text, signs)?.reason ?? null;
}

/** The first sign that a text shows, and where, in characters. */
export function firstPlace(
  text: string,
  signs: Signs,
): { readonly reason: string; readonly at: number } | null {
  for (const [reason, sign] of Object.entries(signs)) {
    const at = text.search(sign);
    if (at !== -1) return { reason, at };
  }
  return null;
}
