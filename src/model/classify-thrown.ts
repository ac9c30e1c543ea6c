import { failure } from "./try-outcome.ts";
import type { TryFailure } from "./try-outcome.ts";

/** No server is there, or it is no server of this protocol: three quick tries, not a long budget. */
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "ENETUNREACH",
  "EPROTO",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Codes of the transport that are no connection faults. */
const SPECIAL: ReadonlyMap<string, "model_timeout" | "model_bad_response"> = new Map([
  ["UND_ERR_BODY_TIMEOUT", "model_timeout"],
  ["UND_ERR_HEADERS_TIMEOUT", "model_timeout"],
  ["UND_ERR_HEADERS_OVERFLOW", "model_bad_response"],
  ["RESPONSE_TOO_LARGE", "model_bad_response"],
  ["HPE_INVALID_CONSTANT", "model_bad_response"],
]);

/**
 * What a request that threw came to, by the error codes of Node and undici anywhere in its chain of causes.
 * Without any such code the connection counts as lost.
 */
export function classifyThrown(thrown: unknown): TryFailure {
  const codes = errorCodes(thrown);
  const special = codes.find((code) => SPECIAL.has(code));
  if (special !== undefined) {
    return failure(SPECIAL.get(special) ?? "model_timeout", { network: special });
  }
  const unreachable = codes.find((code) => UNREACHABLE.has(code));
  if (unreachable !== undefined) return failure("model_unreachable", { network: unreachable });
  const [code] = codes;
  return failure("model_connection_lost", code === undefined ? {} : { network: code });
}

/** Causes are followed this deep: SDK error, fetch error, socket error, and some air. */
const MAX_DEPTH = 6;

function errorCodes(thrown: unknown): readonly string[] {
  const codes: string[] = [];
  let current: unknown = thrown;
  for (let depth = 0; depth < MAX_DEPTH && current instanceof Error; depth += 1) {
    if ("code" in current && typeof current.code === "string") codes.push(current.code);
    current = current.cause;
  }
  return codes;
}
