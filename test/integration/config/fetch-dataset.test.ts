import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anywhere, publicReach } from "../../../src/config/dataset-reach.ts";
import { createFetchDataset, fetchDataset } from "../../../src/config/fetch-dataset.ts";

const body = '{"q":"a"}\n';
const sha256 = createHash("sha256").update(body).digest("hex");
const ZIPPED = { "content-encoding": "gzip" };
const bomb = gzipSync(Buffer.alloc(3 * 1024 * 1024));
let server: Server;
let base = "";
let inside = "";
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    if (request.url === "/moved") return response.writeHead(302, { location: "/items.jsonl" }).end();
    if (request.url === "/items.jsonl") return response.end(body);
    if (request.url === "/circle") return response.writeHead(302, { location: "/circle" }).end();
    if (request.url === "/file") return response.writeHead(302, { location: "file:///etc/passwd" }).end();
    if (request.url === "/inside") return response.writeHead(307, { location: inside }).end();
    if (request.url === "/large") return void response.end(Buffer.alloc(3 * 1024 * 1024));
    if (request.url === "/zipped") return void response.writeHead(200, ZIPPED).end(bomb);
    if (request.url === "/silent") return void response.write("{");
    return response.writeHead(404).end("not here");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
  inside = `http://inside.example:${port}/items.jsonl`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

it("downloads the bytes, also behind a redirect", async () => {
  for (const path of ["/items.jsonl", "/moved"]) {
    const bytes = await fetchDataset(`${base}${path}`, sha256);
    expect(new TextDecoder().decode(bytes)).toBe(body);
  }
});

it("refuses bytes with another digest and names what was found", async () => {
  await expect(fetchDataset(`${base}/items.jsonl`, "0".repeat(64))).rejects.toMatchObject({
    code: "dataset_invalid",
    message: `has another SHA-256: ${sha256}`,
  });
});

it("says what the server answered, or that it did not", async () => {
  await expect(fetchDataset(`${base}/none`, sha256)).rejects.toMatchObject({
    code: "dataset_not_found",
    message: "can't be downloaded: the server answers 404",
  });
  await expect(fetchDataset("http://127.0.0.1:1/items.jsonl", sha256)).rejects.toMatchObject({
    code: "dataset_not_found",
    message: "can't be downloaded: no answer",
  });
});

it.each([
  ["redirects in a circle", "/circle", "can't be downloaded: the server redirects more than 5 times"],
  ["redirects to a file", "/file", "can't be downloaded: the server redirects to what is no http"],
])("refuses a server that %s", async (_what, path, message) => {
  await expect(fetchDataset(`${base}${path}`, sha256)).rejects.toMatchObject({
    code: "dataset_not_found",
    message: expect.stringContaining(message),
  });
});

it.each(["/large", "/zipped"])("takes no more bytes than it may of %s", async (path) => {
  const fetchLittle = createFetchDataset({ maxMiB: 2, timeoutMs: 60_000, reach: anywhere });
  await expect(fetchLittle(`${base}${path}`, sha256)).rejects.toMatchObject({
    code: "dataset_invalid",
    message: "is larger than 2 MiB, which is the most that is read from a url",
    details: { reason: "TooLarge" },
  });
});

it("gives a server up that does not come to an end", async () => {
  const fetchSoon = createFetchDataset({ maxMiB: 2, timeoutMs: 1000, reach: anywhere });
  await expect(fetchSoon(`${base}/silent`, sha256)).rejects.toMatchObject({
    code: "dataset_not_found",
    message: "can't be downloaded: it took longer than 1 s",
  });
});

describe("a download that may go to the internet only", () => {
  /** All names stand for this machine, as a name of the cluster's stands for an address inside. */
  const lookup: LookupFunction = (_host, _options, callback) =>
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  const limited = (...allowedHosts: string[]) =>
    createFetchDataset({
      maxMiB: 2,
      timeoutMs: 60_000,
      reach: publicReach({ allowedHosts, blockedRanges: [] }, lookup),
    });
  const named = (host: string, path: string): string => base.replace("127.0.0.1", host) + path;
  const isRefused = { code: "dataset_not_found", details: { reason: "HostNotAllowed" } };

  it("asks nobody inside, by address or by name, nor by a redirect", async () => {
    const asked = requests;
    for (const host of ["127.0.0.1", "2130706433", "[::1]", "kubernetes.default.svc"]) {
      await expect(limited()(named(host, "/items.jsonl"), sha256)).rejects.toMatchObject(isRefused);
    }
    expect(requests).toBe(asked);
    await expect(
      limited("outside.example")(named("outside.example", "/inside"), sha256),
    ).rejects.toMatchObject(isRefused);
    expect(requests).toBe(asked + 1);
  });

  it("goes to the hosts that the administrator named", async () => {
    for (const [allowed, host] of [
      ["store.example", "store.example"],
      ["*.store.example", "bucket.store.example"],
      ["127.0.0.1", "127.0.0.1"],
    ] as const) {
      expect(await limited(allowed)(named(host, "/items.jsonl"), sha256)).toHaveLength(body.length);
    }
    await expect(
      limited("*.store.example")(named("evilstore.example", "/items.jsonl"), sha256),
    ).rejects.toMatchObject(isRefused);
  });
});
