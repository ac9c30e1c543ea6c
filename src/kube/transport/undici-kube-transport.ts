import { Pool } from "undici";
import type { Dispatcher } from "undici";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { retryAfterMs } from "../../model/retry-after.ts";
import type { KubeCredentials } from "./kube-credentials.ts";
import type {
  KubeRequest,
  KubeResponse,
  KubeStream,
  KubeTransport,
  StreamRequest,
} from "./kube-transport.ts";
import { LineSplitter } from "./line-splitter.ts";

/** What may be set about the connections. */
export interface KubeTransportOptions {
  /** Most connections for calls; watches have their own beside them. */
  readonly connections?: number;
  /** Most time until a call's answer begins, and between two pieces of it. */
  readonly timeoutMs?: number;
  readonly clock?: Pick<Clock, "nowMs">;
}

const CONNECTIONS = 32;
const TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Below the 90 s after which kube-apiserver closes an idle connection, so that no call is sent into its end. */
const KEEP_ALIVE_MS = 30_000;
const UNAUTHORIZED = 401;

/**
 * Kept-alive HTTP/1.1 connections: a pool for calls, and one for each watch. docs/benchmarks.md has what HTTP/2 and the
 * stock client cost beside it. A refused token is read anew and tried once more.
 */
export function createKubeTransport(
  credentials: KubeCredentials,
  options: KubeTransportOptions = {},
): KubeTransport {
  const { connections = CONNECTIONS, timeoutMs = TIMEOUT_MS, clock = systemClock } = options;
  const common = {
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { ...credentials.tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true },
  };
  const calls = new Pool(credentials.server, { ...common, connections, pipelining: 1 });
  const watches = new Pool(credentials.server, {
    ...common,
    connections: null,
    pipelining: 1,
    bodyTimeout: 0,
  });
  return {
    send: (request) => {
      const { authorization } = request;
      if (authorization !== undefined) {
        return send(calls, request, { headers: { authorization }, timeoutMs, clock });
      }
      return signedIn(credentials, (headers) => send(calls, request, { headers, timeoutMs, clock }));
    },
    stream: (request) => signedIn(credentials, (headers) => stream(watches, request, headers)),
    close: async () => {
      await Promise.all([calls.destroy(), watches.destroy()]);
    },
  };
}

type Headers = Readonly<Record<string, string>>;

async function signedIn<T extends { readonly status: number }>(
  credentials: KubeCredentials,
  act: (headers: Headers) => Promise<T>,
): Promise<T> {
  const answer = await act(await signature(credentials));
  if (answer.status !== UNAUTHORIZED) return answer;
  credentials.forget();
  return act(await signature(credentials));
}

async function signature(credentials: KubeCredentials): Promise<Headers> {
  const authorization = await credentials.authorization();
  return authorization === undefined ? {} : { authorization };
}

interface Sending {
  readonly headers: Headers;
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "nowMs">;
}

async function send(
  pool: Pool,
  request: KubeRequest,
  { headers, timeoutMs, clock }: Sending,
): Promise<KubeResponse> {
  const { method, path, body, contentType = "application/json" } = request;
  const limitMs = request.timeoutMs ?? timeoutMs;
  try {
    const answer = await pool.request({
      method,
      path,
      // The connection's own timers: a signal for each call costs more than all else that we do.
      headersTimeout: limitMs,
      bodyTimeout: limitMs,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      headers: {
        accept: "application/json",
        ...headers,
        ...(body === undefined ? {} : { "content-type": contentType }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text, retryAfterMs: askedPause(answer.headers, clock.nowMs()) };
  } catch (cause) {
    throw unreachable(cause);
  }
}

function askedPause(headers: Dispatcher.ResponseData["headers"], nowMs: number): number | null {
  const value = headers["retry-after"];
  return retryAfterMs((name) => (name === "retry-after" ? String(value ?? "") : null), nowMs);
}

async function stream(pool: Pool, request: StreamRequest, headers: Headers): Promise<KubeStream> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(new Error("the stream is silent")), request.deadlineMs);
  const onAbort = (): void => end.abort(request.signal?.reason);
  request.signal?.addEventListener("abort", onAbort, { once: true });
  const release = (): void => {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", onAbort);
  };
  try {
    if (request.signal?.aborted === true) onAbort();
    const { path } = request;
    const answer = await pool.request({ method: "GET", path, signal: end.signal, headers: { ...headers } });
    if (answer.statusCode < 300) return { status: answer.statusCode, lines: linesOf(answer.body, release) };
    await answer.body.dump();
    release();
    return { status: answer.statusCode, lines: noLines() };
  } catch (cause) {
    release();
    throw unreachable(cause);
  }
}

async function* linesOf(
  body: AsyncIterable<Buffer>,
  release: () => void,
): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter();
  try {
    for await (const chunk of body) yield* splitter.push(chunk);
  } catch (cause) {
    throw unreachable(cause);
  } finally {
    release();
  }
}

async function* noLines(): AsyncGenerator<string, void, undefined> {}

function unreachable(cause: unknown): RollyardError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  return new RollyardError("kube_unreachable", { details: { reason: code }, cause });
}
