import { RollyardError } from "../../errors/rollyard-error.ts";
import { API_GROUP } from "../../kube/api-group.ts";
import { SECRETS } from "../../kube/api-resources.ts";
import type { KubeClient } from "../../kube/kube-client.ts";
import type { KubeObject, ObjectMeta } from "../../kube/kube-object.ts";
import { LABELS, MANAGED_BY } from "../../kube/labels.ts";
import type { WriteResult } from "../../kube/write-result.ts";
import { exportSigningKey, generateSigningKey, importSigningKey } from "../../sandbox/signing-keys.ts";
import type { SigningKey, SigningKeySet } from "../../sandbox/signing-keys.ts";

interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** The Secret that the leaders share. */
export const SIGNING_KEY_SECRET = "rollyard-signing-keys";

/** An annotation on the Secret, of any value: the next leader lets the next key follow the current one. */
export const ROTATE_ANNOTATION = `${API_GROUP}/rotate`;

const CURRENT = "current.pem";
const NEXT = "next.pem";
/** Each try meets a write of another process; two in a row are rare. */
const TRIES = 5;

/**
 * The keys that sign lease tokens, from the leaders' Secret; made there by whoever comes first, and rotated when that was
 * asked for. Every write names the version that it follows, so two leaders never sign by different keys for long.
 * Rejects with `kube_refused` when the Secret can't be read or written, or holds something else.
 */
export async function loadSigningKeys(
  client: KubeClient,
  namespace: string,
  newKey: () => SigningKey = generateSigningKey,
): Promise<SigningKeySet> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await client.get<Secret>(SECRETS, { namespace, name: SIGNING_KEY_SECRET });
    const keys =
      found === null ? await makeFirst(client, namespace, newKey) : await follow(client, found, newKey);
    if (keys !== null) return keys;
  }
  throw refused(`The Secret ${namespace}/${SIGNING_KEY_SECRET} is changed all the time.`);
}

/** Null: another process was faster. */
async function makeFirst(
  client: KubeClient,
  namespace: string,
  newKey: () => SigningKey,
): Promise<SigningKeySet | null> {
  const keys = { current: newKey(), next: newKey() };
  const secret = secretOf(keys, { namespace });
  return isWritten(await client.create<Secret>(SECRETS, { namespace }, secret)) ? keys : null;
}

/** The keys that are there, rotated first when that was asked for. Null: another process was faster. */
async function follow(
  client: KubeClient,
  found: Secret,
  newKey: () => SigningKey,
): Promise<SigningKeySet | null> {
  const { namespace = "", name, resourceVersion, annotations = {} } = found.metadata;
  const keys = readKeys(found, namespace);
  if (annotations[ROTATE_ANNOTATION] === undefined) return keys;
  const rotated = { current: keys.next, next: newKey() };
  const secret = secretOf(rotated, { namespace, resourceVersion });
  const result = await client.replace<Secret>(SECRETS, { namespace, name }, secret as unknown as Secret);
  return isWritten(result) ? rotated : null;
}

function secretOf(
  keys: SigningKeySet,
  metadata: { readonly namespace: string; readonly resourceVersion?: ObjectMeta["resourceVersion"] },
): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { ...metadata, name: SIGNING_KEY_SECRET, labels: { [LABELS.managedBy]: MANAGED_BY } },
    type: "Opaque",
    stringData: { [CURRENT]: exportSigningKey(keys.current), [NEXT]: exportSigningKey(keys.next) },
  };
}

function readKeys({ data = {} }: Secret, namespace: string): SigningKeySet {
  const [current, next] = [CURRENT, NEXT].map((name) =>
    importSigningKey(Buffer.from(data[name] ?? "", "base64").toString("utf8")),
  );
  if (current && next) return { current, next };
  throw refused(
    `The Secret ${namespace}/${SIGNING_KEY_SECRET} lacks Ed25519 keys in ${CURRENT} and ${NEXT}: delete it, and it is made anew.`,
  );
}

/** False: another process was faster, and its keys count. */
function isWritten(result: WriteResult<unknown>): boolean {
  if (result.kind === "forbidden" || result.kind === "invalid") {
    throw refused(`The Secret with the signing keys can't be written: ${result.message}`);
  }
  return result.kind === "done";
}

function refused(message: string): RollyardError {
  return new RollyardError("kube_refused", { message });
}
