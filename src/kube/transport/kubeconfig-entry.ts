import { RollyardError } from "../../errors/rollyard-error.ts";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../lib/half-valid.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";

/** What a kubeconfig says of its current context. */
export interface KubeconfigEntry {
  readonly cluster: JsonObject;
  readonly user: JsonObject;
  readonly namespace: string;
}

/** What only a sign-in plugin, or a connection through a proxy, can do. */
const PLUGIN_FIELDS = ["exec", "auth-provider", "as"] as const;

/** Finds a context's cluster and user, by default the current one's; throws an Error that says what is missing. */
export function kubeconfigEntry(document: JsonValue, wanted?: string): KubeconfigEntry {
  const config = objectOrEmpty(document);
  const context = named(config, "context", wanted ?? textOrUndefined(config["current-context"]));
  const what = wanted === undefined ? "current context" : `context "${wanted}"`;
  if (context === null) throw new Error(`it has no ${what}`);
  const cluster = named(config, "cluster", textOrUndefined(context["cluster"]));
  if (cluster === null || textOrUndefined(cluster["server"]) === undefined)
    throw new Error(`its ${what} names no cluster with a server`);
  const user = named(config, "user", textOrUndefined(context["user"]));
  return { cluster, user: user ?? {}, namespace: textOrUndefined(context["namespace"]) || "default" };
}

/** Whether a kubeconfig has a context, by default the one that it calls current. */
export function hasContext(document: unknown, wanted?: string): boolean {
  const config = objectOrEmpty(document);
  return named(config, "context", wanted ?? textOrUndefined(config["current-context"])) !== null;
}

/** Whether it takes more than reading files to sign in. */
export function needsPlugin({ cluster, user }: KubeconfigEntry): boolean {
  return cluster["proxy-url"] !== undefined || PLUGIN_FIELDS.some((field) => user[field] !== undefined);
}

/** A file that can't be used, and why: `kube_credentials`. */
export function unusableKubeconfig(file: string, cause: unknown): RollyardError {
  const reason = cause instanceof Error ? cause.message : "unknown reason";
  return new RollyardError("kube_credentials", { message: `${file} can't be used: ${reason}.`, cause });
}

/** One of `clusters`, `users` and `contexts`. */
function named(config: JsonObject, kind: string, name: string | undefined): JsonObject | null {
  const entry = listOrEmpty(config[`${kind}s`])
    .map(objectOrEmpty)
    .find((each) => each["name"] === name);
  return entry === undefined || name === undefined ? null : objectOrEmpty(entry[kind]);
}
