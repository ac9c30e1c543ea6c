import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { headersOf } from "./header-flags.ts";

const io = { env: { KEY: "from-env" }, cwd: "/" };

describe("headersOf", () => {
  it("reads names and values, and what stands in the environment or a file", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "header-"));
    await writeFile(join(cwd, "key"), "from-file\n");
    const flags = ["X-Team: blue", "Authorization: Bearer env:KEY", "api-key: file:key", "X-Time: 10:30"];
    const headers = await headersOf(flags, { ...io, cwd });
    await rm(cwd, { recursive: true });
    expect(headers).toEqual({
      "X-Team": "blue",
      Authorization: "Bearer from-env",
      "api-key": "from-file",
      "X-Time": "10:30",
    });
  });

  it.each([
    ["sk-secret", /number 1 must be "Name: value"/],
    ["bad name: x", /name of an HTTP header/],
    ["X: env:MISSING", /no variable MISSING/],
    ["X: file:missing", /missing can't be read/],
  ])("refuses %s without showing a value", async (flag, message) => {
    const refused = headersOf([flag], io);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(/secret/);
  });
});
