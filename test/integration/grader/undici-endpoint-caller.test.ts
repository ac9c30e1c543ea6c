import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { EndpointRequest } from "../../../src/grader/endpoint-caller.ts";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { Clock } from "../../../src/lib/clock.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => void handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/grade`;
}

function post(url: string, changes: Partial<EndpointRequest> = {}) {
  const caller = new UndiciEndpointCaller();
  closers.push(() => caller.close());
  return caller.post({
    url,
    headers: { "X-Api-Key": "k", "Content-Type": "text/plain" },
    body: '{"sample": {}}',
    timeoutMs: 5000,
    maxResponseBytes: 1000,
    signal: new AbortController().signal,
    ...changes,
  });
}

describe("the endpoint caller", () => {
  it("posts JSON with the headers, its own content type first, and returns what came", async () => {
    const seen: unknown[] = [];
    const url = await serve(async (request, response) => {
      seen.push(
        request.method,
        request.headers["x-api-key"],
        request.headers["content-type"],
        await text(request),
      );
      response.end('{"score": 0.5}');
    });
    expect(await post(url)).toEqual({
      kind: "answered",
      status: 200,
      body: '{"score": 0.5}',
      retryAfterMs: null,
    });
    expect(seen).toEqual(["POST", "k", "application/json", '{"sample": {}}']);
  });

  it("keeps no timer of a call that was answered", async () => {
    const url = await serve((_request, response) => void response.end("{}"));
    let waiting = 0;
    const sleep: Clock["sleep"] = async (delayMs, signal) => {
      waiting += 1;
      await systemClock.sleep(delayMs, signal);
      waiting -= 1;
    };
    const caller = new UndiciEndpointCaller({ ...systemClock, sleep });
    closers.push(() => caller.close());
    const { signal } = new AbortController();
    const answers = { url, headers: {}, body: "{}", timeoutMs: 600_000, maxResponseBytes: 1000, signal };
    const reply = caller.post(answers);
    expect(waiting).toBe(1);
    expect(await reply).toMatchObject({ kind: "answered" });
    expect(waiting).toBe(0);
  });

  it.each([
    [429, { "retry-after": "7" }, 7000],
    [503, {}, null],
    [302, { location: "/elsewhere" }, null],
    [404, {}, null],
  ])("returns status %d as it is", async (status, headers, retryAfterMs) => {
    const url = await serve((_request, response) => void response.writeHead(status, headers).end("no"));
    expect(await post(url)).toEqual({ kind: "answered", status, body: "no", retryAfterMs });
  });

  it("says unreachable when nobody listens, and when the host is unknown", async () => {
    const url = await serve(() => undefined);
    await closers.pop()?.();
    expect(await post(url)).toEqual({ kind: "unreachable", reason: "ECONNREFUSED" });
    expect(await post("http://no-such-host.invalid/")).toMatchObject({ kind: "unreachable" });
  });

  it("says broken when the connection ends before the answer does", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    expect(await post(url)).toMatchObject({ kind: "broken" });
  });

  it("says timeout when the answer, or its end, does not come", async () => {
    const silent = await serve(() => undefined);
    expect(await post(silent, { timeoutMs: 100 })).toEqual({ kind: "timeout" });
    const slow = await serve((_request, response) => void response.write("{"));
    expect(await post(slow, { timeoutMs: 100 })).toEqual({ kind: "timeout" });
  });

  it("takes no more bytes than it may", async () => {
    const url = await serve((_request, response) => void response.end("x".repeat(1001)));
    expect(await post(url)).toEqual({ kind: "too_large" });
    expect(await post(url, { maxResponseBytes: 1001 })).toMatchObject({ kind: "answered" });
  });

  it("ends when its caller does not want it any more", async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort());
    expect(await post(url, { signal: stop.signal })).toEqual({ kind: "aborted" });
    expect(await post(url, { signal: stop.signal })).toEqual({ kind: "aborted" });
  });
});
