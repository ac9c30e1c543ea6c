import { Agent, errors, request } from "undici";
import type { Dispatcher } from "undici";
import type { EndpointCaller, EndpointReply, EndpointRequest } from "../grader/endpoint-caller.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import { JoinedAbort } from "../lib/joined-abort.ts";
import { OVER } from "../lib/over.ts";
import { retryAfterMs } from "../model/retry-after.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** Errors of connections that never came to be: the endpoint saw nothing. */
const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Calls endpoints through undici over keep-alive connections. Redirects are answers, not followed. */
export class UndiciEndpointCaller implements EndpointCaller {
  readonly #agent: Agent;
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    // The request's own signal bounds the whole call; undici's timers would cut long graders off.
    this.#agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS }, headersTimeout: 0, bodyTimeout: 0 });
  }

  async post(call: EndpointRequest): Promise<EndpointReply> {
    const end = new JoinedAbort(call.signal);
    const over = new AbortController();
    // Not `AbortSignal.timeout`: its timer stays until its time has come, for each call that was answered long ago.
    void this.#clock.sleep(call.timeoutMs, over.signal).then(() => {
      if (!over.signal.aborted) end.abort();
    });
    try {
      return await this.#send(call, end.signal);
    } catch (error) {
      if (call.signal.aborted) return { kind: "aborted" };
      if (end.signal.aborted) return { kind: "timeout" };
      return failureReply(error);
    } finally {
      end.release();
      over.abort(OVER);
    }
  }

  async #send(call: EndpointRequest, signal: AbortSignal): Promise<EndpointReply> {
    const response = await request(call.url, {
      method: "POST",
      dispatcher: this.#agent,
      headers: { ...lowerCase(call.headers), "content-type": "application/json" },
      body: call.body,
      signal,
    });
    const body = await readBody(response, call.maxResponseBytes);
    return body === null ? { kind: "too_large" } : this.#answered(response, body);
  }

  #answered({ statusCode, headers }: Dispatcher.ResponseData, body: string): EndpointReply {
    const header = (name: string): string | null => {
      const value = headers[name];
      return typeof value === "string" ? value : null;
    };
    const asked = retryAfterMs(header, this.#clock.nowMs());
    return { kind: "answered", status: statusCode, body, retryAfterMs: asked };
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** The whole body, or null when it is longer than it may be. */
async function readBody({ body }: Dispatcher.ResponseData, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > maxBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function failureReply(error: unknown): EndpointReply {
  const code = codeOf(error);
  return UNREACHABLE.has(code) ? { kind: "unreachable", reason: code } : { kind: "broken", reason: code };
}

/** The code of an error, or of the first that it stands for. Never its message, which may quote a URL. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (error instanceof errors.UndiciError) return error.code;
  const code = error instanceof Error ? Reflect.get(error, "code") : undefined;
  return typeof code === "string" ? code : "unknown";
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
