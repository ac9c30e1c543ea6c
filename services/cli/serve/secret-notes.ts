import { unnamedSecrets } from "../../../src/config/check-secret-flags.ts";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";

/**
 * What the caller of `serve` may not have meant: a `--secret` that nothing in the environment names, and a key that is made though the
 * environment names one, or though one was given under another name. Sentences without any value. Pure.
 */
export function secretNotes(
  { environment: { spec }, secrets }: Pick<EnvironmentInput, "environment" | "secrets">,
  secretFlags: readonly string[],
): readonly string[] {
  const given = secretFlags.map((flag) => flag.slice(0, flag.indexOf("=")));
  const unused = unnamedSecrets([{ kind: "Environment", value: { spec } }], given).map(
    ({ secret, near }) =>
      `--secret ${secret} is not used: nothing in the Environment names this secret${near || "."}`,
  );
  const { authSecret } = spec.serve;
  if (authSecret === undefined) return unused.length === 0 ? [] : [...unused, `${MADE}names none.`];
  if (secrets.get(authSecret) !== undefined) return unused;
  return [...unused, `${MADE}names ${authSecret.name}/${authSecret.key}, which was not given.`];
}

const MADE = "The key that callers must send is made here, for spec.serve.authSecret ";
