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
  const given = entries.map(([name]) => name);
  return unnamedSecrets(documents, given).map(({ secret, near }) => ({
    file: "--secret",
    path: secret,
    message: `nothing in the given files names this secret${near}`,
  }));
}

/** Those of the given secrets, as `NAME/KEY`, that no document names, each with the end of a sentence that names a near one. Pure. */
export function unnamedSecrets(
  documents: readonly Pick<RawDocument, "kind" | "value">[],
  secrets: readonly string[],
): readonly { readonly secret: string; readonly near: string }[] {
  const references = documents.flatMap(secretReferences);
  return secrets.flatMap((given) => {
    const [givenName = "", givenKey = ""] = given.split("/");
    // Where a whole Secret is named, any key of it is.
    const named = references.map(({ name, key = givenKey }) => `${name}/${key}`);
    if (named.includes(`${givenName}/${givenKey}`)) return [];
    return [{ secret: given, near: didYouMean(given, named) }];
  });
}
