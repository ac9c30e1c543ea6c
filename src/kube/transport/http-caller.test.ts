import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { HttpCaller } from "./http-caller.ts";

const GET = { method: "GET", path: "/", headers: {} };

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return text;
}

describe("HttpCaller", () => {
  let server: Server | undefined;
  let caller: HttpCaller | undefined;
  let connections = 0;
  const serve = async (listener: RequestListener, basePath = ""): Promise<HttpCaller> => {
    connections = 0;
    server = createServer(listener).on("connection", () => (connections += 1));
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    caller = new HttpCaller(`http://127.0.0.1:${port}${basePath}`, { keepAlive: true, maxSockets: 1 });
    return caller;
  };

  afterEach(() => {
    caller?.close();
    server?.closeAllConnections();
    server?.close();
  });

  it("sends the bodies of all methods over one connection", async () => {
    const calls = await serve((request, response) => void request.pipe(response));
    for (const method of ["POST", "DELETE", "PATCH"])
      expect(await textOf(await calls.call({ ...GET, method, body: `${method} ö` }))).toBe(`${method} ö`);
    expect(connections).toBe(1);
  });

  it("asks below the server's own path", async () => {
    const calls = await serve((request, response) => void response.end(request.url), "/clusters/7/");
    expect(await textOf(await calls.call({ ...GET, path: "/api/v1/pods?limit=1" }))).toBe(
      "/clusters/7/api/v1/pods?limit=1",
    );
  });

  it("gives up a server that does not begin to answer", async () => {
    const calls = await serve(() => undefined);
    await expect(calls.call({ ...GET, timeoutMs: 20 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
  });

  it("gives up an answer that falls silent", async () => {
    let isHeard = false;
    const calls = await serve((_, response) => {
      const talk = setInterval(() => (isHeard ? clearInterval(talk) : response.write("begun")), 1);
    });
    const answer = await calls.call({ ...GET, timeoutMs: 200 });
    isHeard = true;
    await expect(textOf(answer)).rejects.toThrow("aborted");
  });

  it("ends a call whose signal aborts, before and after the answer has begun", async () => {
    const calls = await serve((request, response) => {
      if (request.url === "/begun") response.write("begun");
    });
    const before = AbortSignal.abort();
    await expect(calls.call({ ...GET, signal: before })).rejects.toMatchObject({ code: "ABORT_ERR" });
    const end = new AbortController();
    const answer = await calls.call({ ...GET, path: "/begun", signal: end.signal });
    end.abort();
    await expect(textOf(answer)).rejects.toThrow("aborted");
  });

  it("says why there is no connection", async () => {
    const calls = await serve(() => undefined);
    server?.close();
    await expect(calls.call(GET)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
