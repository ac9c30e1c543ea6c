import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { writing } from "../../support/grader/command-job.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { startCli } from "../../support/run/run-cli.ts";
import { shellThen } from "../../support/run/run-world.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/tested-code", import.meta.url));

const REPAIRED = {
  "durations.py": [
    'UNITS = {"h": 3600, "m": 60, "s": 1}',
    "def parse_duration(text):",
    "    return sum(int(part[:-1]) * UNITS[part[-1]] for part in text.split())",
    "",
  ].join("\n"),
};

/** Repairs the durations, and the ranges not at all. */
const policy: MockScript = (request) =>
  shellThen(request.text.includes("parse_duration") ? writing(REPAIRED) : "ls")(request);

describe("the example tested-code", () => {
  const undo: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  it("gives repaired code 1, and code that was left as it is the share that was right before", async () => {
    const model = await startMockModel({ script: policy });
    undo.push(() => model.close());
    const out = await mkdtemp(path.join(tmpdir(), "tested-code-"));
    undo.push(() => rm(out, { recursive: true, force: true }));
    const files = ["environment.yaml", "job.yaml"].flatMap((name) => ["-f", path.join(EXAMPLE, name)]);
    const end = await startCli(["run", ...files, "--model-url", model.baseURL, "--out", out]).ended;
    expect(end).toMatchObject({ code: 0 });
    const lines = (await readFile(path.join(out, "tested-code", "results.jsonl"), "utf8")).trim().split("\n");
    const rewards = lines
      .map((line) => JSON.parse(line) as { readonly item_index: number; readonly reward: number })
      .toSorted((left, right) => left.item_index - right.item_index)
      .map(({ reward }) => reward);
    expect(rewards).toEqual([1, 1, 1, 1, 0.75, 0.75, 0.75, 0.75]);
  });
});
