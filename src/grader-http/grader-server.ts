import Fastify from "fastify";
import type { FastifyRequest } from "fastify";
import { ERROR_CODES } from "../errors/codes.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { matchesKey } from "../gateway/traces/matches-key.ts";
import { isLoopbackName, nameOfHost } from "../lib/loopback-name.ts";
import type { GraderApi } from "./grader-api.ts";
import { mountGraderRoutes } from "./grader-routes.ts";
import { openAiError } from "./openai-error.ts";

/** What serves OpenAI's grader API on this machine. */
export interface GraderServerOptions {
  readonly api: GraderApi;
  /** What callers must bring as `Authorization: Bearer …`. */
  readonly key: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Requests at once; beyond it 503. */
  readonly places: number;
}

/** A server that answers. */
export interface GraderServer {
  readonly port: number;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/**
 * Serves OpenAI's grader API on loopback, to those who have the key and call it by a loopback name. Rejects with `bad_input` when
 * the port can't be listened on.
 */
export async function startGraderServer(options: GraderServerOptions): Promise<GraderServer> {
  const server = Fastify({ logger: false, bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  server.setErrorHandler((thrown, _request, reply) => {
    const error = knownError(thrown);
    if (error.code === "gateway_busy") reply.header("retry-after", "1");
    return reply.code(ERROR_CODES[error.code].httpStatus).send(openAiError(error));
  });
  server.setNotFoundHandler((_request, reply) => {
    const message =
      "There is nothing at this address: only /v1/fine_tuning/alpha/graders/run and /validate are.";
    return reply.code(404).send(openAiError(new RollyardError("bad_input", { message })));
  });
  // A stranger's body is not read.
  server.addHook("onRequest", async (request) => authorize(request, options.key));
  let taken = 0;
  mountGraderRoutes(server, {
    api: options.api,
    authorize: async () => undefined,
    bodyOf: async ({ body }) => body,
    takePlace: () => {
      if (taken >= options.places) throw new RollyardError("gateway_busy");
      taken += 1;
      return () => void (taken -= 1);
    },
  });
  try {
    await server.listen({ host: HOST, port: options.port });
  } catch (cause) {
    throw new RollyardError("bad_input", {
      message: `Port ${options.port} of ${HOST} can't be listened on; give another --port.`,
      cause,
    });
  }
  const address = server.server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () => server.close(),
  };
}

function authorize({ headers }: FastifyRequest, key: string): void {
  if (!isLoopbackName(nameOfHost(headers.host))) {
    throw new RollyardError("request_forbidden", {
      message: "The server was asked by another name than 127.0.0.1 or localhost.",
    });
  }
  const given = /^Bearer (.+)$/iu.exec(headers.authorization ?? "")?.[1] ?? "";
  if (matchesKey(given, [key])) return;
  throw new RollyardError("request_unauthenticated", {
    message: "The request does not bring the server's key as `Authorization: Bearer …`.",
  });
}

/** Fastify's own errors are about requests that can't be read. */
function knownError(thrown: unknown): RollyardError {
  const status = thrown instanceof Error && "statusCode" in thrown ? Number(thrown.statusCode) : 500;
  if (thrown instanceof RollyardError || status >= 500) return toRollyardError(thrown);
  if (status !== 413)
    return new RollyardError("bad_input", { message: "The request can't be read.", cause: thrown });
  return new RollyardError("request_too_large", {
    message: `The body is larger than ${MAX_BODY_BYTES} bytes.`,
  });
}
