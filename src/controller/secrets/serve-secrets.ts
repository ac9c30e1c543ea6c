import { encodeRequest, decodeRequest } from "../../bus/envelope.ts";
import type { LogStore, Messenger, Subscription } from "../../bus/port.ts";
import { secretsSubject } from "../../bus/subjects.ts";
import { namedSecrets } from "../../config/secrets-service.ts";
import type { NamedSecrets } from "../../config/secrets-service.ts";
import { loadSnapshot } from "../../config/snapshot.ts";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { SecretsReplySchema, SecretsRequestSchema } from "../../gen/rollyard/v1/requests_pb.ts";
import { SECRETS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { KubeObject } from "../../kube/kube-object.ts";
import type { Logger } from "../../lib/logger.ts";
import type { ServedSnapshots } from "../environment/served-snapshots.ts";

/** Where the answers come from. */
export interface ClusterSecretsDeps {
  readonly bus: LogStore & Messenger;
  readonly client: Pick<KubeClient, "get">;
  /** The jobs that run now: only what their snapshots name is given out. */
  readonly jobs: { knowsSnapshot(namespace: string, specHash: string): boolean };
  /** The Environments that are served to hosted trainers, likewise. */
  readonly served: Pick<ServedSnapshots, "has">;
  readonly logger: Logger;
}

/** A Secret as the API server gives it: values are base64. */
interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * Answers the services' requests for secrets out of the cluster's Secrets, in memory only: a value is in no stream, log,
 * status or snapshot, and is read anew for each request. What a running job's snapshot does not name for that service is not
 * given out. While a Secret is away, or the API server is, nothing is answered, and the service asks again.
 */
export function serveClusterSecrets(deps: ClusterSecretsDeps): Promise<Subscription> {
  return deps.bus.serve(secretsSubject("*"), async (payload, subject) => {
    const { specHash, service } = decodeRequest(SecretsRequestSchema, payload);
    const namespace = subject.slice(secretsSubject("").length);
    if (!deps.jobs.knowsSnapshot(namespace, specHash) && !deps.served.has(namespace, specHash)) {
      throw refused("no job that runs in this namespace has that snapshot, and nothing that is served");
    }
    const snapshot = await loadSnapshot(deps.bus, specHash);
    if (snapshot.namespace !== namespace) throw refused("the snapshot is of another namespace");
    const values = await readValues(deps, namespace, namedSecrets(service, snapshot));
    deps.logger.info("secrets given out", { namespace, service, values: values.size });
    return encodeRequest(SecretsReplySchema, { values: Object.fromEntries(values) });
  });
}

async function readValues(
  { client }: ClusterSecretsDeps,
  namespace: string,
  { keys, whole }: NamedSecrets,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const name of new Set([...keys, ...whole].map((reference) => reference.name))) {
    const secret = await client.get<Secret>(SECRETS, { namespace, name });
    if (secret === null) throw missing(`Secret "${name}" is not there.`);
    const isWhole = whole.some((reference) => reference.name === name);
    const wanted = isWhole
      ? Object.keys(secret.data ?? {})
      : keys.filter((reference) => reference.name === name).map(({ key }) => key);
    for (const key of wanted) {
      const value = secret.data?.[key];
      if (value === undefined) throw missing(`Secret "${name}" has no key "${key}".`);
      values.set(`${name}/${key}`, Buffer.from(value, "base64").toString("utf8"));
    }
  }
  return values;
}

function refused(reason: string): RollyardError {
  return new RollyardError("bad_input", { message: `A request for secrets is refused: ${reason}.` });
}

function missing(message: string): RollyardError {
  return new RollyardError("secret_not_found", { message });
}
