import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { loadServiceConfig } from "./service-config.ts";

const schema = z.strictObject({
  nats: z.strictObject({ servers: z.array(z.string()).min(1) }),
  concurrency: z.int32().min(1).default(32),
});

describe("loadServiceConfig", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "service-config-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function load(text: string) {
    const file = join(folder, "grader.yaml");
    await writeFile(file, text);
    return loadServiceConfig(file, schema);
  }

  it("fills in defaults", async () => {
    expect(await load('nats: {servers: ["a:4222"]}\n')).toEqual({
      nats: { servers: ["a:4222"] },
      concurrency: 32,
    });
  });

  it("names every problem with its line and path", async () => {
    const failure = load("nats: {servers: []}\nconcurrency: 0\nmetrics: 1\n");
    await expect(failure).rejects.toMatchObject({ code: "bad_input" });
    await expect(failure).rejects.toThrow(
      /grader\.yaml:1 nats\.servers: .*\n(.*\n)?.*grader\.yaml:2 concurrency: /,
    );
    await expect(failure).rejects.toThrow(/grader\.yaml:3 metrics: unknown field/);
  });

  it.each([
    ["no document", "", /exactly one document/],
    ["two documents", "concurrency: 1\n---\nconcurrency: 2\n", /exactly one document/],
    ["no YAML", "nats: [", /not valid YAML/],
  ])("refuses a file with %s", async (_case, text, message) => {
    await expect(load(text)).rejects.toThrow(message);
  });

  it("refuses a file that is not there", async () => {
    await expect(loadServiceConfig(join(folder, "none.yaml"), schema)).rejects.toThrow(
      /none\.yaml: can't be read \(ENOENT\)/,
    );
  });
});
