import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BadChatRequest, parseChatRequest } from "./chat-request.ts";
import { completeChat, POLICY_MODEL } from "./completion.ts";
import { readBody } from "./read-body.ts";

/** Where the server listens, and what time it says. */
export interface ScriptedPolicyOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default 127.0.0.1: the policy is for this machine. */
  readonly host?: string;
  readonly nowMs?: () => number;
}

/** A running scripted policy. */
export interface ScriptedPolicy {
  /** The base URL for an OpenAI client: `http://127.0.0.1:NNNN/v1`. */
  readonly url: string;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

const MAX_BODY_BYTES = 32 * 1024 * 1024;

/**
 * Starts the scripted policy: `POST /v1/chat/completions` and `GET /v1/models` as OpenAI serves them, errors too.
 * It keeps nothing between requests. Rejects when the port is taken.
 */
export async function startScriptedPolicy(options: ScriptedPolicyOptions = {}): Promise<ScriptedPolicy> {
  const { port = 0, host = "127.0.0.1", nowMs = Date.now } = options;
  const server = createServer((request, response) => {
    route(request, nowMs)
      .catch(() => failure(500, "The scripted policy failed.", null, "internal_error"))
      .then((reply) => send(response, reply))
      // the client went away: there is nobody left to tell
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}/v1`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function route(request: IncomingMessage, nowMs: () => number): Promise<Reply> {
  const text = await readBody(request, MAX_BODY_BYTES);
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  switch (`${request.method ?? "GET"} ${pathname}`) {
    case "GET /v1/models":
      return { status: 200, body: { object: "list", data: [modelObject(nowMs)] } };
    case "POST /v1/chat/completions":
      return text === undefined ? failure(413, "The body is too long.") : complete(text, nowMs);
    default:
      return failure(404, `There is no ${request.method ?? "GET"} ${pathname} here.`);
  }
}

function complete(text: string, nowMs: () => number): Reply {
  try {
    const request = parseChatRequest(parseJson(text));
    if (request.model !== POLICY_MODEL) {
      return failure(404, `The model '${request.model}' does not exist.`, "model", "model_not_found");
    }
    return { status: 200, body: completeChat(request, nowMs()) };
  } catch (error) {
    if (error instanceof BadChatRequest) return failure(400, error.message, error.param);
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadChatRequest("The body is not JSON.", null);
  }
}

function failure(
  status: number,
  message: string,
  param: string | null = null,
  code: string | null = null,
): Reply {
  return {
    status,
    body: { error: { message, type: status < 500 ? "invalid_request_error" : "server_error", param, code } },
  };
}

function modelObject(nowMs: () => number): object {
  return { id: POLICY_MODEL, object: "model", created: Math.floor(nowMs() / 1000), owned_by: "rollyard" };
}
