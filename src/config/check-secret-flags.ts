import { didYouMean } from "../lib/nearest-name.ts";
import type { RawDocument } from "./parse-yaml.ts";
import type { Problem } from "./problem.ts";
import type { SecretEntries } from "./secret-flags.ts";
import { secretReferences } from "./secret-references.ts";

/**
 * Values of `--secret` that no document names: most likely their name is mistyped. Without a job in the files nothing is said,
 * for it may be the job that names them.
 */
export function unusedSecretFlags(documents: readonly RawDocument[], entries: SecretEntries): Problem[] {
  if (!documents.some(({ kind }) => kind === "RolloutJob")) return [];
  const references = documents.flatMap(secretReferences);
  return entries.flatMap(([given]): Problem[] => {
    const [givenName = "", givenKey = ""] = given.split("/");
    // Where a whole Secret is named, any key of it is.
    const named = references.map(({ name, key = givenKey }) => `${name}/${key}`);
    if (named.includes(`${givenName}/${givenKey}`)) return [];
    const message = `nothing in the given files names this secret${didYouMean(given, named)}`;
    return [{ file: "--secret", path: given, message }];
  });
}
