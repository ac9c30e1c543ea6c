import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { textOrUndefined } from "../../lib/half-valid.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import type { KubeCredentials, KubeTls } from "./kube-credentials.ts";
import { kubeconfigEntry, needsPlugin, unusableKubeconfig } from "./kubeconfig-entry.ts";
import type { KubeconfigEntry } from "./kubeconfig-entry.ts";
import { pluginCredentials } from "./plugin-kubeconfig.ts";

/** A token's file is read again after this time, as client-go does. */
const TOKEN_AGE_MS = 60_000;

/** How a kubeconfig is read. */
export interface KubeconfigOptions {
  readonly clock?: Clock;
  /** Undefined: the current one. */
  readonly context?: string | undefined;
}

/**
 * The credentials of a kubeconfig file's context, by default the current one. Certificates, tokens and passwords are read here; only a sign-in
 * plugin takes `@kubernetes/client-node`. Rejects with `kube_credentials`.
 */
export async function kubeconfigCredentials(
  file: string,
  { clock = systemClock, context }: KubeconfigOptions = {},
): Promise<KubeCredentials> {
  const readable = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (cause) {
      throw unusableKubeconfig(file, cause);
    }
  };
  const entry = await readable(async () =>
    kubeconfigEntry(parse(await readFile(file, "utf8")) as JsonValue, context),
  );
  if (needsPlugin(entry)) return pluginCredentials(file, { clock, context });
  const { cluster, user, namespace } = entry;
  const folder = new KubeconfigFolder(dirname(file));
  const header = (): Promise<string | undefined> => readable(() => authorizationOf(user, folder));
  let known = { text: await header(), readAtMs: clock.monotonicMs() };
  return {
    server: (textOrUndefined(cluster["server"]) ?? "").replace(/\/$/, ""),
    tls: await readable(() => tlsOf(entry, folder)),
    namespace,
    authorization: async () => {
      if (clock.monotonicMs() - known.readAtMs >= TOKEN_AGE_MS)
        known = { text: await header(), readAtMs: clock.monotonicMs() };
      return known.text;
    },
    forget: () => {
      known = { ...known, readAtMs: Number.NEGATIVE_INFINITY };
    },
  };
}

async function authorizationOf(user: JsonObject, folder: KubeconfigFolder): Promise<string | undefined> {
  const file = textOrUndefined(user["tokenFile"]);
  const token = file === undefined ? textOrUndefined(user["token"]) : await folder.read(file);
  if (token !== undefined && token !== "") return `Bearer ${token.trim()}`;
  const [name, password] = [textOrUndefined(user["username"]), textOrUndefined(user["password"])];
  if (name === undefined) return undefined;
  return `Basic ${Buffer.from(`${name}:${password ?? ""}`).toString("base64")}`;
}

async function tlsOf({ cluster, user }: KubeconfigEntry, folder: KubeconfigFolder): Promise<KubeTls> {
  const [ca, cert, key] = await Promise.all([
    folder.pem(cluster, "certificate-authority"),
    folder.pem(user, "client-certificate"),
    folder.pem(user, "client-key"),
  ]);
  const servername = textOrUndefined(cluster["tls-server-name"]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(cluster["insecure-skip-tls-verify"] === true ? { rejectUnauthorized: false } : {}),
  };
}

/** Paths in a kubeconfig are relative to its own folder. */
class KubeconfigFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(path: string): Promise<string> {
    return readFile(resolve(this.#folder, path), "utf8");
  }

  /** What `name-data` holds, or the file that `name` names. */
  async pem(from: JsonObject, name: string): Promise<string | undefined> {
    const data = textOrUndefined(from[`${name}-data`]);
    if (data !== undefined && data !== "") return Buffer.from(data, "base64").toString("utf8");
    const path = textOrUndefined(from[name]);
    return path === undefined || path === "" ? undefined : this.read(path);
  }
}
