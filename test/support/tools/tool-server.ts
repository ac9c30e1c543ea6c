import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the remote tool got. */
export interface ToolServerRequest {
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
}

/** A remote tool: real HTTP, answers in order, the last one for ever. */
export interface ToolServer {
  readonly url: string;
  readonly requests: readonly ToolServerRequest[];
  close(): Promise<void>;
}

/** How the tool answers one request. */
export type ToolServerReply = (response: ServerResponse) => void;

/** Answers with a status and a body. */
export const answer =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ToolServerReply =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** Hangs up without an answer. */
export const hangUp: ToolServerReply = (response) => {
  response.socket?.destroy();
};

/** Never answers. */
export const silence: ToolServerReply = () => undefined;

/** Starts a remote tool on a free port. */
export async function startToolServer(replies: readonly ToolServerReply[]): Promise<ToolServer> {
  const requests: ToolServerRequest[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      requests.push({ headers: incoming.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      const reply = replies[Math.min(requests.length, replies.length) - 1];
      reply?.(response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/lookup`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
