import { RollyardError } from "../errors/rollyard-error.ts";
import { objectOrEmpty, textOrUndefined } from "../lib/half-valid.ts";
import type { KubeResponse } from "./transport/kube-transport.ts";

/** How the API server answered a write. What a controller decides by is a value; what it can't help is thrown. */
export type WriteResult<T> =
  | { readonly kind: "done"; readonly object: T }
  /** An object of that name is there already. */
  | { readonly kind: "exists" }
  /** Another version or another object of that name is there now. */
  | { readonly kind: "conflict" }
  | { readonly kind: "missing" }
  /**
   * `quota`: a spent ResourceQuota, which is no error but a reason to wait. `rights`: we may not do such a thing at all, as also
   * an API server says that has just started and does not know its roles yet. `other`: this object is refused.
   */
  | { readonly kind: "forbidden"; readonly reason: "quota" | "rights" | "other"; readonly message: string }
  | { readonly kind: "invalid"; readonly message: string };

/**
 * Reads the answer to a write. Throws `kube_unreachable` for what a server says that can't work now, `kube_throttled`
 * for 429, and `kube_refused` for the rest.
 * Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind
 */
export function writeResult<T>(response: KubeResponse): WriteResult<T> {
  if (response.status < 300) return { kind: "done", object: JSON.parse(response.body) as T };
  const { reason, message } = readStatus(response);
  switch (response.status) {
    case 404:
      return { kind: "missing" };
    case 409:
      return { kind: reason === "AlreadyExists" ? "exists" : "conflict" };
    case 403:
      return { kind: "forbidden", reason: whyForbidden(message), message };
    case 400:
    case 422:
      return { kind: "invalid", message };
    default:
      throw refusal(response.status, reason);
  }
}

/**
 * By its words, for the answer has no field that tells them apart.
 * Source: https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go
 */
function whyForbidden(message: string): "quota" | "rights" | "other" {
  if (message.includes("exceeded quota")) return "quota";
  return /\bUser ".*" cannot \S+ resource\b/u.test(message) ? "rights" : "other";
}

/** The error for an answer that no caller decides by. */
export function refusal(status: number, reason: string): RollyardError {
  const details = { status, reason };
  if (status === 429) return new RollyardError("kube_throttled", { details });
  return new RollyardError(status >= 500 ? "kube_unreachable" : "kube_refused", { details });
}

/** `reason` and `message` of a Status; empty when the answer is none, as a proxy's. */
export function readStatus({ body }: Pick<KubeResponse, "body">): {
  readonly reason: string;
  readonly message: string;
} {
  const status = objectOrEmpty(parsed(body));
  return {
    reason: textOrUndefined(status["reason"]) ?? "",
    message: textOrUndefined(status["message"]) ?? "",
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
