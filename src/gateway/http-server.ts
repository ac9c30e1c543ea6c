import Fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ERROR_CODES } from "../errors/codes.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { openAiError } from "../grader-http/openai-error.ts";
import type { Logger } from "../lib/logger.ts";
import type { GatewayMetrics, GatewayRoute } from "./gateway-metrics.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asked, once it is known. */
    callerName: string | null;
  }
  interface FastifyContextConfig {
    route?: GatewayRoute;
  }
}

/** What every server of ours notes its requests with. */
export interface HttpServerParts {
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
}

/** A gateway that answers. */
export interface GatewayServer {
  readonly port: number;
  /** Takes no more connections, and resolves when all answers were sent; after `graceMs` they are cut off. */
  close(graceMs: number): Promise<void>;
}

/** A dead peer, or one that sends a byte now and then, is not kept; streams say something every ten seconds. */
const SILENCE_MS = 120_000;
const LONGEST_REQUEST_MS = 3_600_000;
const BUSY_SECONDS = "1";

/** Listens. Rejects with `bad_input` when the address can't be listened on. */
export async function listenOn(
  server: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<GatewayServer> {
  try {
    await server.listen({ host, port });
  } catch (cause) {
    const message = `The gateway can't listen on ${host}:${port}: ${listenProblem(cause)}.`;
    throw new RollyardError("bad_input", { message, cause });
  }
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async (graceMs) => {
      const timer = setTimeout(() => server.server.closeAllConnections(), graceMs);
      await server.close();
      clearTimeout(timer);
    },
  };
}

function listenProblem(cause: unknown): string {
  const { code = "unknown error" } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return "something listens there already; take another port";
  if (code === "EACCES") return "this user may not; take a port above 1023";
  return code;
}

/** A server without routes: it answers errors in the one form, and notes each request. */
export function createHttpServer(parts: HttpServerParts): FastifyInstance {
  const server = Fastify({
    logger: false,
    connectionTimeout: SILENCE_MS,
    requestTimeout: LONGEST_REQUEST_MS,
    // A closing server ends idle connections; those that are in use end with their answer.
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  // Bodies are read by the routes, after the question of rights.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _payload, done) => done(null, null));
  server.decorateRequest("callerName", null);
  server.setErrorHandler((error, _request, reply) => answerError(error, reply));
  server.setNotFoundHandler((_request, reply) =>
    answerError(new RollyardError("bad_input", { message: "There is nothing at this address." }), reply, 404),
  );
  server.addHook("onResponse", async (request, reply) => note(parts, request, reply));
  return server;
}

function answerError(thrown: unknown, reply: FastifyReply, forced?: number): void {
  const error = knownError(thrown);
  const { code, message } = error;
  const status = forced ?? ERROR_CODES[code].httpStatus;
  if (status === 503) reply.header("retry-after", BUSY_SECONDS);
  if (code === "request_unauthenticated") reply.header("www-authenticate", "Bearer");
  // What is left of a body is not worth the connection.
  if (code === "request_too_large") reply.header("connection", "close");
  const isGrader = reply.request.routeOptions.config.route === "grader";
  void reply.code(status).send(isGrader ? openAiError(error) : { error: { code, message } });
}

/** Fastify's own errors are about requests that are none. */
function knownError(thrown: unknown): RollyardError {
  const status = thrown instanceof Error && "statusCode" in thrown ? Number(thrown.statusCode) : 500;
  if (thrown instanceof RollyardError || status >= 500) return toRollyardError(thrown);
  return new RollyardError("bad_input", { message: "The request can't be read.", cause: thrown });
}

/** One line a request: who, what and how it ended, and nothing of what was sent. */
function note({ logger, metrics }: HttpServerParts, request: FastifyRequest, reply: FastifyReply): void {
  const { route = "unknown" } = request.routeOptions.config;
  const seconds = reply.elapsedTime / 1000;
  const { statusCode: status } = reply.raw;
  metrics.answered(route, status, seconds);
  const { namespace, name } = (request.params ?? {}) as {
    readonly namespace?: string;
    readonly name?: string;
  };
  const caller = request.callerName;
  // Names of an address that nobody was let to are anybody's text.
  const object = route === "tool" || route === "grade" ? { environment: name } : { job: name };
  const place = caller === null ? {} : { namespace, ...object, user: caller };
  logger.info("request answered", { route, method: request.method, status, seconds, ...place });
}
