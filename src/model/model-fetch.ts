import { Agent } from "undici";
import type { Dispatcher } from "undici";

/** The part of `fetch` that the `openai` package uses. */
export type ModelFetch = (
  input: string | URL | Request,
  init?: { readonly body?: unknown; readonly signal?: AbortSignal | null; readonly method?: string },
) => Promise<Response>;

/** What is fixed for every request to one endpoint. */
export interface ModelFetchOptions {
  /** Sent as they are, and nothing else: what the SDK takes from the process's environment never leaves it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Most time between two pieces of an answer that has begun. */
  readonly idleTimeoutMs: number;
  readonly maxResponseBytes: number;
}

/** The sockets of this process to all model endpoints. */
export interface ModelTransport {
  /** A `fetch` that resolves once the whole body is here, so that one deadline covers it all. */
  fetchFor(options: ModelFetchOptions): ModelFetch;
  /** Drops every connection, also of requests under way. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;

/** A body past the endpoint's `maxResponseBytes`; no completion is that long. */
export class ResponseTooLarge extends Error {
  override readonly name = "ResponseTooLarge";
  readonly code = "RESPONSE_TOO_LARGE";
}

/**
 * Kept-alive connections, as many as there are calls under way (the endpoint's gate bounds those). Uses undici's
 * dispatch interface: the package's own transport, Node's `fetch`, costs more CPU than everything else in a model
 * call (docs/benchmarks.md has the figures).
 */
export function createModelTransport(): ModelTransport {
  const agent = new Agent({
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS, keepAlive: true },
    // Answers come without streaming: headers arrive when the model is done, so only the call's wall cap counts.
    headersTimeout: 0,
  });
  return {
    fetchFor: (options) => (input, init) => send(agent, options, { url: urlOf(input), init }),
    close: () => agent.destroy(),
  };
}

function urlOf(input: Parameters<ModelFetch>[0]): string {
  if (typeof input === "string") return input;
  return input instanceof URL ? input.href : input.url;
}

interface Call {
  readonly url: string;
  readonly init: Parameters<ModelFetch>[1];
}

function send(agent: Agent, options: ModelFetchOptions, call: Call): Promise<Response> {
  const url = new URL(call.url);
  return new Promise((resolve, reject) => {
    const signal = call.init?.signal ?? null;
    if (signal?.aborted) return reject(signal.reason);
    agent.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: call.init?.method ?? "POST",
        headers: options.headers,
        body: typeof call.init?.body === "string" ? call.init.body : null,
        bodyTimeout: options.idleTimeoutMs,
      },
      new BodyCollector({ maxBytes: options.maxResponseBytes, signal, resolve, reject }),
    );
  });
}

interface CollectorOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal | null;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers one response up to its cap and settles the promise of its request once. */
class BodyCollector implements Dispatcher.DispatchHandler {
  readonly #options: CollectorOptions;
  readonly #chunks: Buffer[] = [];
  readonly #onAbort = (): void => this.#abort();
  #sizeBytes = 0;
  #status = 0;
  #headers: Record<string, string | string[] | undefined> = {};
  #controller: Dispatcher.DispatchController | null = null;

  constructor(options: CollectorOptions) {
    this.#options = options;
    // From the first moment: a request may wait for its connection for long, and undici has no controller until then.
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#options.signal?.aborted === true) this.#abort();
  }

  /** Answers the caller now; a request that is still queued is dropped when its turn comes. */
  #abort(): void {
    const reason: unknown = this.#options.signal?.reason;
    this.#controller?.abort(reason instanceof Error ? reason : new Error("aborted", { cause: reason }));
    this.#options.reject(reason);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = statusCode;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#options.maxBytes) controller.abort(new ResponseTooLarge());
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#unlisten();
    try {
      this.#options.resolve(toResponse(this.#status, this.#headers, this.#chunks));
    } catch (error) {
      this.#options.reject(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#unlisten();
    this.#options.reject(error);
  }

  #unlisten(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** Only these headers decide anything; making `Headers` of all is a good part of a call's CPU. */
const USED_HEADERS = ["retry-after", "retry-after-ms"];
/** Statuses that `Response` takes with a null body only. */
const BODILESS = new Set([204, 205, 304]);

function toResponse(
  status: number,
  headers: Record<string, string | string[] | undefined>,
  chunks: readonly Buffer[],
): Response {
  // The APIs speak JSON whatever the header says; the SDK takes a body under another type for plain text.
  const used: [string, string][] = [["content-type", "application/json"]];
  for (const name of USED_HEADERS) {
    const value = headers[name];
    if (value !== undefined) used.push([name, Array.isArray(value) ? (value[0] ?? "") : value]);
  }
  const [only] = chunks;
  const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  return new Response(BODILESS.has(status) ? null : errorEnvelope(status, body.toString("utf8")), {
    status,
    headers: used,
  });
}

/** vLLM and SGLang put an error's fields at the top, where the SDK drops them; OpenAI has them under `error`. */
function errorEnvelope(status: number, text: string): string {
  if (status < 400) return text;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !("error" in body)) {
      return JSON.stringify({ error: body });
    }
  } catch {
    return JSON.stringify({ error: { message: text.slice(0, 4096) } });
  }
  return text;
}
