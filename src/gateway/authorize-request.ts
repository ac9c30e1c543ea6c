import type { FastifyRequest } from "fastify";
import type { Authorizer } from "./authorizer.ts";
import { callerToken } from "./caller-token.ts";
import type { JobAccess } from "./job-access.ts";

/** Resolves when the request's caller may do it, with their name on the request for the log. Rejects as the authorizer does. */
export async function authorizeRequest(
  authorizer: Authorizer,
  request: FastifyRequest,
  access: JobAccess,
): Promise<void> {
  const { user } = await authorizer.authorize(callerToken(request.headers), access);
  request.callerName = user;
}
