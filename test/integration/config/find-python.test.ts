import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findHostPython, findPython } from "../../../src/config/find-python.ts";
import { whyNoEngine } from "../../support/docker/no-engine.ts";
import { TEST_IMAGE } from "../../support/sandbox/test-image.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollyard-python-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function pretend(version: string, place = "", name = "python3"): Promise<string> {
  const program = join(folder, place, name);
  await mkdir(join(folder, place), { recursive: true });
  await writeFile(program, `#!/bin/sh\nprintf '%s\\n' ${program} ${version}\n`);
  await chmod(program, 0o755);
  return program;
}

it("tells the python3 that a sandbox would run", async () => {
  const executable = await pretend("3.12.1");
  expect(await findHostPython(`/nowhere:${folder}`)).toEqual({ executable, version: "3.12.1" });
});

it.each(["2.7.1", "3.9.9", "4.1.0"])("takes Python %s for none", async (version) => {
  await pretend(version);
  expect(await findHostPython(folder)).toBeNull();
});

it("looks no further than the first python3, and at no other name", async () => {
  await pretend("3.9.0", "first");
  await pretend("3.12.0", "second");
  await pretend("3.12.0", "third", "python");
  expect(await findHostPython(`${folder}/first:${folder}/second`)).toBeNull();
  expect(await findHostPython(`${folder}/third`)).toBeNull();
});

it("takes what is no Python for none", async () => {
  await writeFile(join(folder, "python3"), "no program");
  expect(await findHostPython(folder)).toBeNull();
});

it("does not know an image that is not here", async () => {
  expect(await findPython("rollyard.test/no-such-image:1")).toBe("unknown");
});

it("asks the image that is here, which has no python", async ({ skip }) => {
  const missing = whyNoEngine();
  skip(missing !== null, missing ?? "");
  expect(await findPython(TEST_IMAGE)).toBeNull();
});
