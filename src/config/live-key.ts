import { RollyardError } from "../errors/rollyard-error.ts";
import type { SecretKeyRef } from "../lib/schema/secret-ref.ts";
import type { ApiKey } from "../model/api-key.ts";
import type { LiveSecrets } from "./live-secrets.ts";

/** The key of a Secret that a field names, as it is now. Throws `secret_not_found` when it was not given. */
export function liveKey(reference: SecretKeyRef, secrets: LiveSecrets, field: string): ApiKey {
  const current = (): string | null => secrets.current.get(reference)?.reveal() ?? null;
  if (current() === null) {
    throw new RollyardError("secret_not_found", {
      message: `${field}: no key "${reference.key}" of a Secret "${reference.name}" was given.`,
    });
  }
  const renew = async (refused: string | null): Promise<boolean> => {
    if (current() === refused) await secrets.refused();
    return current() !== refused;
  };
  return { current, renew };
}
