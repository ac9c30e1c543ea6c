import type { FastifyReply, FastifyRequest } from "fastify";
import { authorizeRequest } from "./authorize-request.ts";
import type { GatewayRoute } from "./gateway-metrics.ts";
import type { JobAccess } from "./job-access.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import type { ResultsDeps } from "./read-results.ts";
import { sendLines } from "./send-lines.ts";
import { watchfulLines } from "./watchful-lines.ts";

/** An answer of many lines. */
export interface StreamedRoute {
  readonly route: Extract<GatewayRoute, "results" | "log">;
  /** What the caller must be allowed to, all along. */
  readonly access: JobAccess;
  /** Finds what is read, once the caller may; what it rejects with is the answer. */
  readonly open: () => Promise<OpenStream>;
}

interface OpenStream {
  readonly lines: (deps: ResultsDeps) => AsyncIterable<{ readonly type: string }>;
  /** What a reader who waits is told; null when what they read is not there any more. */
  readonly tell: () => Promise<object | null>;
}

/** Sends a stream's lines to a caller who may read them, for as long as they may. */
export async function streamAnswer(
  { bus, clock, logger, draining, places, ahead, metrics, authorizer }: GatewayParts,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { route, access, open }: StreamedRoute,
): Promise<void> {
  const authorize = (): Promise<void> => authorizeRequest(authorizer, request, access);
  await authorize();
  const { lines, tell } = await open();
  const giveBack = places.streams.take();
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  if (reply.raw.destroyed) gone.abort();
  reply.hijack();
  try {
    const made = lines({ store: bus, clock, logger, draining, ahead, signal: gone.signal });
    const { namespace, name } = access;
    await sendLines(reply.raw, watchfulLines(made, { clock, authorize, tell }), {
      onSent: () => metrics.sent(route),
      onError: (code) => logger.warn("an answer broke off", { route, code, namespace, name }),
    });
  } finally {
    gone.abort();
    giveBack();
  }
}
