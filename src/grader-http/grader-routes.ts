import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GraderApi } from "./grader-api.ts";

/** What a server brings to the routes of graders. */
export interface GraderRoutesHost {
  readonly api: GraderApi;
  /** Rejects for a caller who may not. */
  readonly authorize: (request: FastifyRequest) => Promise<void>;
  /** The body as JSON; it is read after the question of rights. */
  readonly bodyOf: (request: FastifyRequest) => Promise<unknown>;
  /** Takes one of a bounded number of places and returns what gives it back. Throws `gateway_busy`. */
  readonly takePlace: () => () => void;
}

const FOLDER = "/v1/fine_tuning/alpha/graders";

/** Serves OpenAI's grader API. Errors go to the server's own handler, which has their shape. */
export function mountGraderRoutes(server: FastifyInstance, host: GraderRoutesHost): void {
  const route = (name: string, act: (body: unknown, signal: AbortSignal) => unknown): void => {
    server.post(`${FOLDER}/${name}`, { config: { route: "grader" } }, async (request, reply) => {
      await host.authorize(request);
      const giveBack = host.takePlace();
      try {
        const body = await host.bodyOf(request);
        await reply.send(await act(body, goneSignal(request, reply)));
      } finally {
        giveBack();
      }
    });
  };
  route("run", (body, signal) => host.api.run(body, signal));
  route("validate", (body) => host.api.validate(body));
}

/** Aborts when nobody waits for the answer any more. */
function goneSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  reply.raw.once("close", abort);
  if (request.raw.destroyed && !request.raw.complete) abort();
  return gone.signal;
}
