import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fetchDataset } from "../../../src/config/fetch-dataset.ts";

const body = '{"q":"a"}\n';
const sha256 = createHash("sha256").update(body).digest("hex");
let server: Server;
let base = "";

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/moved") return response.writeHead(302, { location: "/items.jsonl" }).end();
    if (request.url === "/items.jsonl") return response.end(body);
    return response.writeHead(404).end("not here");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
