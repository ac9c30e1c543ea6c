import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findPython } from "../../../src/config/find-python.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollyard-python-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const pretend = async (version: string): Promise<void> => {
  const [major, minor] = version.split(".");
  const script = `#!/bin/sh\nprintf '%s\\n' ${folder}/python3 ${folder} ${major} ${minor}\n`;
  await writeFile(join(folder, "python3"), script);
  await chmod(join(folder, "python3"), 0o755);
};

it("takes the first interpreter that is new enough", async () => {
  await pretend("3.12");
  expect(await findPython(`relative:${folder}`, [])).toEqual({
    executable: join(folder, "python3"),
    prefix: folder,
    version: [3, 12],
  });
});

it.each(["2.7", "3.9", "4.1"])("passes over Python %s", async (version) => {
  await pretend(version);
  expect(await findPython(folder, [])).toBeUndefined();
});

it("passes over what is no Python, and an empty PATH", async () => {
  await writeFile(join(folder, "python3"), "no program");
  expect(await findPython(folder, [])).toBeUndefined();
  expect(await findPython(undefined, [])).toBeUndefined();
});
