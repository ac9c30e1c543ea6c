import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { KubeClient } from "../../../src/kube/kube-client.ts";
import type { KubeCredentials } from "../../../src/kube/transport/kube-credentials.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import type { CliIo } from "../cli-io.ts";
import type { ClusterFlags } from "./cluster-flags.ts";

/** What a user's token is found by. */
export interface TokenPlaces {
  readonly credentials: KubeCredentials;
  readonly client: Pick<KubeClient, "send">;
  readonly namespace: string;
  readonly flags: ClusterFlags;
  readonly io: CliIo;
}

const TOKEN_SECONDS = 600;
/** A command that lasts asks for another one in time. */
const RENEW_MS = 300_000;

/** The token that the gateway is shown, by what the user gave. The function that it returns rejects with `kube_credentials`. */
export function callerTokens(places: TokenPlaces): () => Promise<string> {
  const { flags, io, credentials } = places;
  const given = flags.token ?? io.env["ROLLYARD_TOKEN"];
  if (flags.serviceAccount !== undefined) return accountTokens(places, flags.serviceAccount);
  if (given !== undefined && given !== "") return async () => given;
  return async () => {
    const token = /^Bearer (.+)$/u.exec((await credentials.authorization()) ?? "")?.[1];
    if (token !== undefined) return token;
    throw new RollyardError("kube_credentials", {
      message:
        "Your kubeconfig signs in by a certificate or a password, which the gateway can't be shown. Ask as a service account of the namespace (--service-account NAME), or give a token in ROLLYARD_TOKEN.",
    });
  };
}

function accountTokens({ client, namespace }: TokenPlaces, account: string): () => Promise<string> {
  let known = { token: "", askedAtMs: Number.NEGATIVE_INFINITY };
  return async () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - known.askedAtMs >= RENEW_MS) {
      known = { token: await askToken(client, namespace, account), askedAtMs: nowMs };
    }
    return known.token;
  };
}

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
async function askToken(
  client: Pick<KubeClient, "send">,
  namespace: string,
  account: string,
): Promise<string> {
  const place = [namespace, account].map(encodeURIComponent);
  const answer = await client.send({
    method: "POST",
    path: `/api/v1/namespaces/${place[0]}/serviceaccounts/${place[1]}/token`,
    body: JSON.stringify({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: TOKEN_SECONDS },
    }),
  });
  const body = objectOrEmpty(JSON.parse(answer.body));
  const token = textOrUndefined(objectOrEmpty(body["status"])["token"]);
  if (answer.status < 300 && token !== undefined) return token;
  throw new RollyardError("kube_credentials", {
    message: `There is no token of the service account ${namespace}/${account}: ${textOrUndefined(body["message"]) ?? `HTTP ${answer.status}`}.`,
  });
}
