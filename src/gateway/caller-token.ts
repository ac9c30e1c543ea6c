import type { IncomingHttpHeaders } from "node:http";
import { RollyardError } from "../errors/rollyard-error.ts";

/**
 * Header that a token comes in when the request goes through the API server's proxy, which keeps `Authorization` for itself.
 * It has the same form.
 */
export const TOKEN_HEADER = "rollyard-authorization";

/** Far above any real token. */
const LONGEST_TOKEN = 16 * 1024;

const HINT =
  "The request brings no token. Send a Kubernetes token as `Authorization: Bearer …`; `kubectl create token NAME` makes one of a service account.";

/** The bearer token of a request. Throws `request_unauthenticated`, with the hint, where there is none. */
export function callerToken(headers: IncomingHttpHeaders, hint = HINT): string {
  const given = headers[TOKEN_HEADER] ?? headers.authorization;
  const text = Array.isArray(given) ? given[0] : given;
  const token = /^Bearer ([\x21-\x7e]+)$/iu.exec(text?.trim() ?? "")?.[1];
  if (token !== undefined && token.length <= LONGEST_TOKEN) return token;
  throw new RollyardError("request_unauthenticated", { message: hint });
}
