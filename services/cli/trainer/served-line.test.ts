import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readServedLine } from "./served-line.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "served-line-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, text: string): Promise<unknown> {
  await writeFile(path.join(folder, name), text);
  return readServedLine(name, { cwd: folder, stderr: () => undefined }, 0);
}

describe("readServedLine", () => {
  it("tells a file that stays empty from one that is no JSON", async () => {
    await expect(read("empty.json", "\n")).rejects.toThrow(
      "empty.json is empty: rollyard serve --json has not printed its line yet.",
    );
    await expect(read("wrong.json", "{")).rejects.toThrow("wrong.json can't be read as JSON.");
    expect(await read("line.json", '{"tools": []}\n')).toEqual({ tools: [] });
  });
});
