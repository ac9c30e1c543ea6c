import type { AgentOptions } from "node:https";
import type { IncomingMessage } from "node:http";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { retryAfterMs } from "../../model/retry-after.ts";
import { HttpCaller } from "./http-caller.ts";
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
/** Below the 90 s after which kube-apiserver closes an idle connection, so that no call is sent into its end. */
const KEEP_ALIVE_MS = 30_000;
const UNAUTHORIZED = 401;
const JSON_TYPE = "application/json";

/**
 * Kept-alive HTTP/1.1 connections: a pool for calls, and one for each watch. docs/benchmarks.md has what HTTP/2 and the
 * stock client cost beside it. A refused token is read anew and tried once more.
 */
export function createKubeTransport(
  credentials: KubeCredentials,
  options: KubeTransportOptions = {},
): KubeTransport {
  const { connections = CONNECTIONS, timeoutMs = TIMEOUT_MS, clock = systemClock } = options;
  const { server, tls } = credentials;
  const kept: AgentOptions = { ...tls, keepAlive: true, scheduling: "lifo", timeout: KEEP_ALIVE_MS };
  const calls = new HttpCaller(server, { ...kept, maxSockets: connections });
  const watches = new HttpCaller(server, kept);
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
      calls.close();
      watches.close();
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
  caller: HttpCaller,
  request: KubeRequest,
  { headers, timeoutMs, clock }: Sending,
): Promise<KubeResponse> {
  const { method, path, body, contentType = JSON_TYPE, accept = JSON_TYPE, signal } = request;
  const content = body === undefined ? {} : { "content-type": contentType };
  try {
    const answer = await caller.call({
      method,
      path,
      headers: { accept, ...headers, ...content },
      timeoutMs: request.timeoutMs ?? timeoutMs,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await textOf(answer);
    return { status: answer.statusCode ?? 0, body: text, retryAfterMs: askedPause(answer, clock.nowMs()) };
  } catch (cause) {
    throw unreachable(cause);
  }
}

/** By its events: a stream's iterator costs as much as the rest of a call. */
function textOf(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", () => {
      const [only] = chunks;
      resolve((chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)).toString("utf8"));
    });
    answer.on("error", reject);
    answer.on("close", () => reject(new Error("the answer broke off")));
  });
}

function askedPause({ headers }: IncomingMessage, nowMs: number): number | null {
  return retryAfterMs((name) => (name === "retry-after" ? (headers["retry-after"] ?? "") : null), nowMs);
}

async function stream(caller: HttpCaller, request: StreamRequest, headers: Headers): Promise<KubeStream> {
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
    const answer = await caller.call({ method: "GET", path, headers, signal: end.signal });
    const status = answer.statusCode ?? 0;
    if (status < 300) return { status, lines: linesOf(answer, release) };
    answer.resume();
    release();
    return { status, lines: noLines() };
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
