import type { Messenger } from "../bus/port.ts";
import { decodeRequest, encodeRequest } from "../bus/envelope.ts";
import { secretsSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { SecretsReplySchema, SecretsRequestSchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { Secret } from "../lib/secret.ts";
import { SecretStore } from "./secret-store.ts";

/** Whose secrets are asked for, and by whom. */
export interface SecretsQuery {
  readonly namespace: string;
  readonly specHash: string;
  readonly jobUid: string;
  readonly service: "worker" | "grader" | "gateway";
}

const ANSWER_MS = 5000;
const RETRY_MS = 500;

/**
 * The secrets that a service's part of a snapshot names, in memory only. A controller that does not answer is asked
 * again: a change of leaders is no failure of a rollout. Rejects with `bus_unavailable` once the signal aborts.
 */
export async function requestSecrets(
  messenger: Messenger,
  query: SecretsQuery,
  deps: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<SecretStore> {
  const { namespace, ...asked } = query;
  const request = encodeRequest(SecretsRequestSchema, asked);
  while (!deps.signal.aborted) {
    const result = await messenger.request(secretsSubject(namespace), request, ANSWER_MS);
    if (result.kind === "reply") {
      const { values } = decodeRequest(SecretsReplySchema, result.payload);
      return new SecretStore(Object.entries(values).map(([name, value]) => [name, new Secret(value)]));
    }
    await deps.clock.sleep(RETRY_MS, deps.signal);
  }
  throw new RollyardError("bus_unavailable", { message: "Stopped before the secrets were answered." });
}
