import type { Messenger, Subscription } from "../bus/port.ts";
import { decodeRequest, encodeRequest } from "../bus/envelope.ts";
import { secretsSubject } from "../bus/subjects.ts";
import { SecretsReplySchema, SecretsRequestSchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { SecretKeyRef, SecretRef } from "../lib/schema/secret-ref.ts";
import type { SecretStore } from "./secret-store.ts";
import type { Snapshot } from "./snapshot.ts";

/** Which secrets a service may ask for: those that its own part of a snapshot names, and no others. */
export interface NamedSecrets {
  readonly keys: readonly SecretKeyRef[];
  readonly whole: readonly SecretRef[];
}

/** What a service's part of a snapshot names. */
export function namedSecrets(
  service: string,
  { job, environment }: Pick<Snapshot, "job" | "environment">,
): NamedSecrets {
  if (service === "worker") {
    const { apiKeySecret } = job.model;
    return {
      keys: apiKeySecret === undefined ? [] : [apiKeySecret],
      whole: environment.tools.flatMap(({ http }) => http?.headersSecret ?? []),
    };
  }
  if (service === "gateway") {
    const { authSecret } = environment.serve;
    return {
      keys: authSecret === undefined ? [] : [authSecret],
      whole: environment.tools.flatMap(({ http }) => http?.headersSecret ?? []),
    };
  }
  if (service !== "grader") return { keys: [], whole: [] };
  return { keys: Object.values(environment.judges).flatMap((judge) => judge.apiKeySecret ?? []), whole: [] };
}

/** Where the answers come from. */
export interface SecretsSource {
  readonly secrets: SecretStore;
  readonly snapshotOf: (specHash: string) => Promise<Snapshot>;
}

/** Answers the services' requests for secrets, in memory only: a value is in no stream, log or snapshot. */
export function serveSecrets(
  messenger: Messenger,
  namespace: string,
  source: SecretsSource,
): Promise<Subscription> {
  return messenger.serve(secretsSubject(namespace), async (payload) => {
    const { specHash, service } = decodeRequest(SecretsRequestSchema, payload);
    const named = namedSecrets(service, await source.snapshotOf(specHash));
    return encodeRequest(SecretsReplySchema, { values: valuesOf(named, source.secrets) });
  });
}

function valuesOf({ keys, whole }: NamedSecrets, secrets: SecretStore): Record<string, string> {
  const single = keys.flatMap((reference): [string, string][] => {
    const value = secrets.get(reference);
    return value === undefined ? [] : [[`${reference.name}/${reference.key}`, value.reveal()]];
  });
  const all = whole.flatMap((reference) =>
    Object.entries(secrets.all(reference)).map(([key, value]): [string, string] => [
      `${reference.name}/${key}`,
      value.reveal(),
    ]),
  );
  return Object.fromEntries([...single, ...all]);
}
