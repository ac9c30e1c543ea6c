import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import type { KubeCredentials } from "./kube-credentials.ts";

/** Where a pod finds its API server and its service account. */
export interface ServiceAccountPlaces {
  readonly host: string;
  readonly port: string;
  /** Folder with `token`, `ca.crt` and `namespace`. */
  readonly folder?: string;
}

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The kubelet changes the file long before a token ends, so a minute's delay hurts nobody. */
const TOKEN_AGE_MS = 60_000;

/**
 * The credentials of a pod's service account. The token is read again every minute, for the kubelet rotates it.
 * Rejects with `kube_credentials` when the folder can't be read.
 */
export async function serviceAccountCredentials(
  { host, port, folder = FOLDER }: ServiceAccountPlaces,
  clock: Clock = systemClock,
): Promise<KubeCredentials> {
  // In turn: where the whole folder is missing, it is always the same file that the sentence names.
  const ca = await read(folder, "ca.crt");
  const namespace = await read(folder, "namespace");
  let token = { text: await read(folder, "token"), readAtMs: clock.monotonicMs() };
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    tls: { ca },
    namespace: namespace.trim(),
    authorization: async () => {
      if (clock.monotonicMs() - token.readAtMs >= TOKEN_AGE_MS) {
        token = { text: await read(folder, "token"), readAtMs: clock.monotonicMs() };
      }
      return `Bearer ${token.text.trim()}`;
    },
    forget: () => {
      token = { ...token, readAtMs: Number.NEGATIVE_INFINITY };
    },
  };
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), "utf8");
  } catch (cause) {
    throw new RollyardError("kube_credentials", {
      message: `The service account's ${name} can't be read in ${folder}: mount the service account's token into the pod.`,
      cause,
    });
  }
}
