import { Pool } from "undici";
import type { Dispatcher } from "undici";
import type { SandboxEndpoint } from "./port.ts";

/** One HTTP request to sandboxd. */
export interface SandboxdRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** How long the answer's head may take. */
  readonly timeoutMs: number;
  /** A longer answer is cut off with {@link AnswerTooLargeError}. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came back, whole. */
export interface SandboxdAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** The other side sent more than it may; it is not trusted, so nothing of it is kept. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";
}

const CONNECT_TIMEOUT_MS = 5_000;
const BODY_IDLE_MS = 30_000;
const KEEP_ALIVE_MS = 120_000;

/**
 * Keep-alive connections to one sandboxd. It speaks undici's dispatch interface: no streams and no promises but one a
 * request, because a worker makes hundreds of calls a second. Rejects with undici's errors; maps none.
 */
export class SandboxdTransport {
  readonly #pool: Pool;

  constructor(endpoint: SandboxEndpoint) {
    const options = { keepAliveTimeout: KEEP_ALIVE_MS, bodyTimeout: BODY_IDLE_MS };
    this.#pool =
      endpoint.kind === "unix"
        ? new Pool("http://sandbox", {
            ...options,
            connect: { socketPath: endpoint.path, timeout: CONNECT_TIMEOUT_MS },
          })
        : new Pool(`http://${endpoint.host}:${endpoint.port}`, {
            ...options,
            connect: { timeout: CONNECT_TIMEOUT_MS },
          });
  }

  send(request: SandboxdRequest): Promise<SandboxdAnswer> {
    return new Promise((resolve, reject) => {
      request.signal?.throwIfAborted();
      const handler = new WholeAnswer(request, resolve, reject);
      this.#pool.dispatch(
        {
          method: request.method,
          path: request.path,
          headers: request.headers,
          body: request.body ?? null,
          headersTimeout: request.timeoutMs,
          // Every call carries an id under which it runs once, so any of them may be sent again.
          idempotent: true,
        },
        handler,
      );
    });
  }

  /** Drops all connections; requests under way reject. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Collects one answer up to its cap. */
class WholeAnswer implements Dispatcher.DispatchHandler {
  readonly #request: SandboxdRequest;
  readonly #resolve: (answer: SandboxdAnswer) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #chunks: Buffer[] = [];
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #bytes = 0;

  constructor(
    request: SandboxdRequest,
    resolve: (answer: SandboxdAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onAbort = () => this.#controller?.abort(abortReason(request.signal));
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#request.signal?.aborted) this.#onAbort();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#status = statusCode;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#request.maxBytes) {
      controller.abort(new AnswerTooLargeError("the answer of sandboxd is too large"));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#end();
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, body: whole });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new DOMException("aborted", "AbortError");
}
