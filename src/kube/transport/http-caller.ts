import { Agent, request as httpsRequest } from "node:https";
import type { AgentOptions } from "node:https";
import type {
  Agent as PlainAgent,
  ClientRequest,
  IncomingMessage,
  OutgoingHttpHeaders,
  RequestOptions,
} from "node:http";
import type { Socket } from "node:net";

/** One request over the kept connections. */
export interface HttpCall {
  readonly method: string;
  /** With its query; below the server's own path. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  /** Longest silence until the answer begins, and between two pieces of it; none: for ever. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Calls one server over connections that are kept, by Node's own client: beside undici's, whose parser is compiled into
 * the process from WebAssembly, it takes 40 MB less (docs/adr/0030).
 */
export class HttpCaller {
  readonly #base: URL;
  readonly #basePath: string;
  readonly #agent: Agent | PlainAgent;
  readonly #request: typeof httpsRequest;

  constructor(server: string, options: AgentOptions) {
    this.#base = new URL(server);
    this.#basePath = this.#base.pathname.replace(/\/$/, "");
    const plain = this.#base.protocol === "http:" ? process.getBuiltinModule("node:http") : null;
    this.#agent = plain === null ? new Agent(options) : new plain.Agent(options);
    // There is one server. By default each call makes a name out of all options, the certificates of its authority among them.
    this.#agent.getName = () => "";
    this.#request = plain === null ? httpsRequest : plain.request;
  }

  /** Resolves when the answer begins. Rejects with the connection's own error. */
  call({ method, path, headers, body, timeoutMs, signal }: HttpCall): Promise<IncomingMessage> {
    const { hostname, port } = this.#base;
    const options: RequestOptions = {
      method,
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port,
      path: `${this.#basePath}${path}`,
      // Node sends the body of a DELETE without its length, unless it is told.
      headers: body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
      agent: this.#agent,
      ...(signal === undefined ? {} : { signal }),
    };
    return new Promise((resolve, reject) => {
      const call = this.#request(options, resolve);
      call.on("error", reject);
      call.once("socket", (socket) => endSilent(call, socket, timeoutMs));
      call.end(body);
    });
  }

  /** Ends the connections, whatever they do. */
  close(): void {
    this.#agent.destroy();
  }
}

/** Ends a call whose connection does not come up, or falls silent. */
function endSilent(call: ClientRequest, socket: Socket, timeoutMs: number | undefined): void {
  const onTimeout = (): void => void call.destroy(new SilentError("the server is silent"));
  const watch = (): void => {
    if (timeoutMs !== undefined) call.setTimeout(timeoutMs, onTimeout);
  };
  if (!socket.connecting) return watch();
  const timer = setTimeout(onTimeout, CONNECT_TIMEOUT_MS);
  call.once("close", () => clearTimeout(timer));
  socket.once("encrypted" in socket ? "secureConnect" : "connect", () => {
    clearTimeout(timer);
    watch();
  });
}

/** The other end says nothing. */
class SilentError extends Error {
  readonly code = "ETIMEDOUT";
}
