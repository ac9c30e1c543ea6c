import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashFolder } from "../../../scripts/lib/hash-folder.mjs";
import { countLines, expectedRollouts } from "../../../scripts/lib/run-results.mjs";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rollyard-folder-"));
});

afterEach(() => rm(folder, { recursive: true }));

describe("hashFolder", () => {
  it("changes with a content and with a name, and not with a file that is left out", async () => {
    await mkdir(join(folder, "inner"));
    await writeFile(join(folder, "inner", "a.go"), "one");
    const isGo = (path: string): boolean => path.endsWith(".go");
    const first = hashFolder(folder, isGo);
    await writeFile(join(folder, "notes.md"), "left out");
    expect(hashFolder(folder, isGo)).toBe(first);
    await writeFile(join(folder, "inner", "a.go"), "two");
    const second = hashFolder(folder, isGo);
    await writeFile(join(folder, "inner", "b.go"), "");
    expect(new Set([first, second, hashFolder(folder, isGo)]).size).toBe(3);
  });
});

describe("expectedRollouts", () => {
  it("multiplies the dataset's rows with the job's samples", async () => {
    await writeFile(join(folder, "job.yaml"), "spec:\n  samplesPerItem: 4\n");
    await writeFile(join(folder, "items.jsonl"), "{}\n{}\n\n{}\n");
    expect(countLines(join(folder, "items.jsonl"))).toBe(3);
    expect(expectedRollouts(folder)).toBe(12);
  });

  it("takes one sample where the job names none", async () => {
    await writeFile(join(folder, "job.yaml"), "spec: {}\n");
    await writeFile(join(folder, "items.jsonl"), "{}\n");
    expect(expectedRollouts(folder)).toBe(1);
  });
});
