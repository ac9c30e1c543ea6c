import { unnamedSecrets } from "../../../src/config/check-secret-flags.ts";
import type { Environment } from "../../../src/environment/environment.ts";

/** A sentence for each `--secret` that nothing in the served environment names. Never shows a value. Pure. */
export function unusedSecretNotes(
  { spec }: Pick<Environment, "spec">,
  secretFlags: readonly string[],
): readonly string[] {
  const given = secretFlags.map((flag) => flag.slice(0, flag.indexOf("=")));
  const isKeyMade = spec.serve.authSecret === undefined;
  const ofKey = isKeyMade
    ? " What callers must send is a key that is made here, for spec.serve.authSecret names none."
    : "";
  return unnamedSecrets([{ kind: "Environment", value: { spec } }], given).map(
    ({ secret, near }) =>
      `--secret ${secret} is not used: nothing in the Environment names this secret${near || "."}${ofKey}`,
  );
}
