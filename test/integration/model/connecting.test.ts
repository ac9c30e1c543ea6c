import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { createModelTransport } from "../../../src/model/model-fetch.ts";
import type { ModelFetch } from "../../../src/model/model-fetch.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Takes connections and never speaks, so that no TLS connection to it is ever made. */
async function silentServer(): Promise<{ readonly url: string; readonly connected: Promise<void> }> {
  const sockets = new Set<Socket>();
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    resolve();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/v1/chat/completions`, connected };
}

function modelFetch(): ModelFetch {
  const transport = createModelTransport();
  closers.push(() => transport.close());
  return transport.fetchFor({ headers: {}, idleTimeoutMs: 60_000, maxResponseBytes: 1000 });
}

it("hears an abort while the connection is still being made", async () => {
  const { url, connected } = await silentServer();
  const stop = new AbortController();
  const answer = modelFetch()(url, { method: "POST", body: "{}", signal: stop.signal });
  await connected;
  const reason = new Error("the job was cancelled");
  stop.abort(reason);
  await expect(answer).rejects.toBe(reason);
});

it("sends nothing of a request that was given up before its connection was there", async () => {
  const heard: (string | undefined)[] = [];
  const server = createHttpServer((request, response) => {
    heard.push(request.url);
    response.end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const stop = new AbortController();
  const send = modelFetch();
  const call = { method: "POST", body: "{}" };
  const answer = send(`http://127.0.0.1:${port}/dropped`, { ...call, signal: stop.signal });
  stop.abort(new Error("drained"));
  await expect(answer).rejects.toThrow("drained");
  expect((await send(`http://127.0.0.1:${port}/sent`, call)).status).toBe(200);
  expect(heard).toEqual(["/sent"]);
});
