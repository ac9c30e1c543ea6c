import type { RequestOptions } from "node:https";
import type { Clock } from "../../lib/clock.ts";
import type { KubeCredentials, KubeTls } from "./kube-credentials.ts";
import { unusableKubeconfig } from "./kubeconfig-entry.ts";

/** A plugin's token is asked for again after this time; the client asks the plugin itself only when it has ended. */
const HEADER_AGE_MS = 10_000;

/**
 * The credentials of a kubeconfig file's current context, whose user signs in by a plugin. Reads it with
 * `@kubernetes/client-node`, which is loaded here and nowhere else: it takes 85 MB and half a second.
 * Rejects with `kube_credentials`.
 */
export async function pluginCredentials(
  file: string,
  { clock, context }: { readonly clock: Clock; readonly context?: string | undefined },
): Promise<KubeCredentials> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  const options: RequestOptions = {};
  try {
    config.loadFromFile(file);
    if (context !== undefined) config.setCurrentContext(context);
    await config.applyToHTTPSOptions(options);
  } catch (cause) {
    throw unusableKubeconfig(file, cause);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw unusableKubeconfig(file, new Error("its current context names no cluster"));
  let header = { text: authorizationOf(options), madeAtMs: clock.monotonicMs() };
  return {
    server: cluster.server.replace(/\/$/, ""),
    tls: tlsOf(options, cluster.skipTLSVerify),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? "default",
    authorization: async () => {
      if (clock.monotonicMs() - header.madeAtMs < HEADER_AGE_MS) return header.text;
      const fresh: RequestOptions = {};
      await config.applyToHTTPSOptions(fresh);
      header = { text: authorizationOf(fresh), madeAtMs: clock.monotonicMs() };
      return header.text;
    },
    forget: () => {
      header = { ...header, madeAtMs: Number.NEGATIVE_INFINITY };
    },
  };
}

function authorizationOf({ headers, auth }: RequestOptions): string | undefined {
  const entry = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "authorization");
  if (entry !== undefined) return String(entry[1]);
  return auth ? `Basic ${Buffer.from(auth).toString("base64")}` : undefined;
}

/** client-node gives texts and buffers; an object in place of a key is of another client. */
function tlsOf({ ca, cert, key, servername }: RequestOptions, skipVerify: boolean): KubeTls {
  return {
    ...pem("ca", ca),
    ...pem("cert", cert),
    ...pem("key", key),
    ...(servername === undefined ? {} : { servername }),
    ...(skipVerify ? { rejectUnauthorized: false } : {}),
  };
}

function pem(name: "ca" | "cert" | "key", value: RequestOptions["key"]): KubeTls {
  return typeof value === "string" || Buffer.isBuffer(value) ? { [name]: value.toString("utf8") } : {};
}
