import type { Finding, IntegrityFacts } from "./integrity-check.ts";
import type { SourceFile } from "./source-files.ts";

/** Signs by the word that results show. */
export type Signs = Readonly<Record<string, RegExp>>;

/** The first sign that a file shows, and in how many files there is one. */
export function scanSources({ sources }: Pick<IntegrityFacts, "sources">, signs: Signs): Finding | null {
  const found = sources.flatMap((source) => signOf(source, signs) ?? []);
  const [reason] = found;
  return reason === undefined ? null : { reason, evidence: { files: String(found.length) } };
}

/** The word of the first sign that a source shows, with its remarks or without them: they may stand within what is looked for. */
export function signOf({ code, bare }: SourceFile, signs: Signs): string | null {
  return firstSign(code, signs) ?? (bare === code ? null : firstSign(bare, signs));
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
