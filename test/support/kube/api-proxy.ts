import { Agent, createServer, request } from "node:https";
import type { Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The API server behind a proxy, and what the proxy shows as its own certificate: a client trusts both. */
export interface ProxiedServer {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** A request as the proxy sees it. */
export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

/** An answer that the proxy gives in the server's place. */
export interface ProxyAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

const WRITES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/**
 * An HTTPS proxy in front of an API server that can answer in its place, hold its watches back, and counts what goes
 * through it. It ends TLS with the server's own certificate, so that clients need nothing else.
 */
export class ApiProxy {
  readonly #server: Server;
  readonly #target: ProxiedServer;
  readonly #agent: Agent;
  /** Writes that went through, by method and resource. */
  readonly writes = new Map<string, number>();
  requests = 0;
  /** Says what to answer instead; null lets a request through. */
  intercept: (request: SeenRequest) => ProxyAnswer | null = () => null;
  /** Says which path to ask the server for instead of one. */
  rewrite: (path: string) => string = (path) => path;
  /** How late what a watch sends arrives. */
  watchLagMs = 0;

  constructor(target: ProxiedServer) {
    this.#target = target;
    this.#agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, ca: target.cert });
    this.#server = createServer({ cert: target.cert, key: target.key }, (incoming, outgoing) =>
      this.#handle(incoming, outgoing),
    );
    this.#server.keepAliveTimeout = 60_000;
    // Watches last for as long as the server lets them.
    this.#server.requestTimeout = 0;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  /** Where it listens on 127.0.0.1. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const seen = { method: incoming.method ?? "GET", path: incoming.url ?? "/" };
    this.requests += 1;
    const answer = this.intercept(seen);
    if (answer !== null) {
      incoming.resume();
      outgoing.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      outgoing.end(JSON.stringify(answer.body));
      return;
    }
    if (WRITES.has(seen.method)) this.#count(`${seen.method} ${resourceOf(seen.path)}`);
    this.#forward(incoming, outgoing, seen);
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse, { method, path }: SeenRequest): void {
    const { host, port } = this.#target;
    const { headers } = incoming;
    const asked = { host, port, method, path: this.rewrite(path), headers, agent: this.#agent };
    const forwarded = request(asked, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      if (path.includes("watch=")) this.#sendLate(answer, outgoing);
      else answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  }

  #sendLate(answer: IncomingMessage, outgoing: ServerResponse): void {
    const later = (act: () => void): void => {
      if (this.watchLagMs === 0) act();
      else setTimeout(act, this.watchLagMs);
    };
    answer.on("data", (chunk: Buffer) => later(() => outgoing.write(chunk)));
    answer.on("end", () => later(() => outgoing.end()));
  }

  #count(name: string): void {
    this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
  }
}

/** `pods`, `pods/status`, `pods/binding` and the like. */
export function resourceOf(path: string): string {
  const [, , , ...words] = new URL(path, "http://server").pathname.split("/");
  // `/api/v1/…` has one word less before the place than `/apis/GROUP/v1/…`.
  const place = path.startsWith("/apis/") ? words.slice(1) : words;
  const own = place[0] === "namespaces" && place.length > 2 ? place.slice(2) : place;
  return own[2] === undefined ? (own[0] ?? "") : `${own[0]}/${own[2]}`;
}

/** What an API server says when an object has changed meanwhile. */
export function conflictAnswer(): ProxyAnswer {
  return statusAnswer(
    409,
    "Conflict",
    "the object has been modified; please apply your changes to the latest version",
  );
}

/** What an API server says to who asks too much of it. */
export function throttledAnswer(retryAfterSeconds: number): ProxyAnswer {
  const refused = statusAnswer(429, "TooManyRequests", "too many requests, please try again later");
  return { ...refused, headers: { "retry-after": String(retryAfterSeconds) } };
}

/** A `Status` object with a refusal. */
function statusAnswer(code: number, reason: string, message: string): ProxyAnswer {
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
  return { status: code, body };
}
