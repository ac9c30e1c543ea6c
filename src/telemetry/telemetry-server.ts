import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { RollyardError } from "../errors/rollyard-error.ts";
import { isLoopbackName, nameOfHost } from "../lib/loopback-name.ts";

// An import of the module by its name would read all of its exports, and with WebSocket load Node's whole fetch: 6 MB.
const { createServer } = process.getBuiltinModule("node:http");

/** What a telemetry server shows. */
export interface TelemetryServerOptions {
  readonly registry: Registry;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whether this process can do its work now: connected, not draining. */
  readonly isReady: () => boolean;
  /** What `GET /status` answers as JSON; undefined while there is nothing to tell. One that throws is answered 500. */
  readonly status?: () => Promise<object> | undefined;
}

/** A running telemetry server. */
export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves `GET /metrics`, `/healthz` (the process runs), `/readyz` (it can work: 200, else 503) and, where
 * there is a status, `/status`. On a loopback address it answers only those who call it by such a name: a page in a
 * browser, whose own name was pointed at this machine, is refused.
 * Rejects with `bad_input` when the address can't be listened on.
 */
export async function startTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const { host, port } = options;
  const server = createServer((request, response) => {
    void answer(options, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new RollyardError("bad_input", { message: `Metrics can't be served on ${host}:${port}.`, cause }),
      );
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  options: TelemetryServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (isLoopbackName(options.host) && !isLoopbackName(nameOfHost(request.headers.host)))
    return plain(response, 403, "asked by another name than 127.0.0.1, [::1] or localhost");
  if (request.method !== "GET" && request.method !== "HEAD")
    return plain(response, 405, "method not allowed");
  return answerPath(options, (request.url ?? "").split("?")[0], response);
}

async function answerPath(
  { registry, isReady, status }: TelemetryServerOptions,
  path: string | undefined,
  response: ServerResponse,
): Promise<void> {
  if (path === "/healthz") return plain(response, 200, "ok");
  if (path === "/readyz")
    return isReady() ? plain(response, 200, "ready") : plain(response, 503, "not ready");
  if (path === "/status" && status !== undefined) return answerStatus(status, response);
  if (path === "/metrics") return answerMetrics(registry, response);
  plain(response, 404, "not found");
}

async function answerMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  try {
    const text = await registry.metrics();
    response.writeHead(200, { "content-type": registry.contentType }).end(text);
  } catch {
    // A gauge that can't be read must not end the process that it watches.
    plain(response, 500, "metrics can't be read");
  }
}

async function answerStatus(
  status: () => Promise<object> | undefined,
  response: ServerResponse,
): Promise<void> {
  try {
    const found = await status();
    if (found === undefined) return plain(response, 503, "no status yet");
    const text = JSON.stringify(found);
    response.writeHead(200, { "content-type": "application/json" }).end(`${text}\n`);
  } catch {
    plain(response, 500, "the status can't be read");
  }
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}
