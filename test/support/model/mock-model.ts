import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { chatBody } from "./mock-bodies.ts";
import type { MockReply, MockRequest, MockScript } from "./mock-reply.ts";

/** How the mock model behaves. */
export interface MockModelOptions {
  readonly script: MockScript;
  /** How long a completion takes; errors come at once. */
  readonly latencyMs?: number;
  /** No answer goes out before it resolves. */
  readonly gate?: Promise<void>;
  readonly port?: number;
  /** Whether `requests` keeps what came in; off in benchmarks. */
  readonly isRecording?: boolean;
}

/** A running mock model. */
export interface MockModel {
  /** For `spec.model.baseURL`. */
  readonly baseURL: string;
  readonly requests: readonly MockRequest[];
  readonly requestCount: number;
  /** Most requests that were under way at once. */
  readonly peakInFlight: number;
  close(): Promise<void>;
}

/** An OpenAI-compatible server for tests and benchmarks: real HTTP, scripted answers, next to no CPU. */
export async function startMockModel(options: MockModelOptions): Promise<MockModel> {
  const handler = new MockHandler(options);
  const server = createServer((request, response) => handler.handle(request, response));
  // Kept-alive sockets of a benchmark must not run into Node's five seconds between two requests.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port ?? 0, host: "127.0.0.1", backlog: 4096 }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests: handler.requests,
    get requestCount() {
      return handler.count;
    },
    get peakInFlight() {
      return handler.peakInFlight;
    },
    close: () => closeServer(server),
  };
}

/** A base URL at which nothing listens. */
export async function unusedBaseURL(): Promise<string> {
  const model = await startMockModel({ script: () => ({ kind: "hang" }) });
  await model.close();
  return model.baseURL;
}

class MockHandler {
  readonly requests: MockRequest[] = [];
  count = 0;
  peakInFlight = 0;
  readonly #options: MockModelOptions;
  #inFlight = 0;

  constructor(options: MockModelOptions) {
    this.#options = options;
  }

  handle(incoming: IncomingMessage, response: ServerResponse): void {
    this.#inFlight += 1;
    this.peakInFlight = Math.max(this.peakInFlight, this.#inFlight);
    response.once("close", () => (this.#inFlight -= 1));
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => this.#reply(incoming, response, Buffer.concat(chunks)));
  }

  #reply(incoming: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const request = {
      number: this.count,
      path: incoming.url ?? "",
      headers: incoming.headers,
      text: body.toString("utf8"),
      turn: turnOf(body),
    };
    this.count += 1;
    if (this.#options.isRecording !== false) this.requests.push(request);
    const reply = this.#options.script(request);
    if (reply.kind === "status") sendReply(response, reply);
    else void this.#later(() => sendReply(response, reply));
  }

  async #later(answer: () => void): Promise<void> {
    await this.#options.gate;
    setTimeout(answer, this.#options.latencyMs ?? 0);
  }
}

function sendReply(response: ServerResponse, reply: MockReply): void {
  switch (reply.kind) {
    case "json":
      return sendBytes(response, reply.body);
    case "text":
      return sendBytes(response, Buffer.from(reply.text));
    case "huge":
      return sendBytes(response, chatBody({ content: "x".repeat(reply.sizeBytes) }));
    case "status":
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
      response.end(reply.body);
      return;
    case "stall":
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"id":"chatcmpl-mock",');
      return;
    case "cut":
      response.socket?.destroy();
      return;
    default:
      return;
  }
}

function sendBytes(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
}

/** Turns so far, without parsing: assistant messages of chat, output groups of responses. */
function turnOf(body: Buffer): number {
  return countOf(body, '"role":"assistant"') + countOf(body, '"type":"function_call_output"');
}

function countOf(body: Buffer, text: string): number {
  let count = 0;
  for (let at = body.indexOf(text); at !== -1; at = body.indexOf(text, at + text.length)) count += 1;
  return count;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
