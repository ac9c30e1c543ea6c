import { mkdtemp, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveRunInput } from "../../../src/config/run-input.ts";
import type { RunInput } from "../../../src/config/run-input.ts";
import { openRunFolder } from "./run-folder.ts";

const DOCUMENTS = `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: env}
spec: {grader: {type: string_check, name: g, operation: eq, input: "{{ sample.output_text }}", reference: "x"}}
---
apiVersion: rollyard.dev/v1alpha1
kind: RolloutJob
metadata: {name: job}
spec:
  environmentRef: {name: env}
  dataset: {inline: [{messages: [{role: user, content: hi}]}]}
  model: {baseURL: "http://127.0.0.1:1/v1", name: NAME}
`;
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "rollyard-folder-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function inputOf(model = "one", parallelism = 4): Promise<RunInput> {
  const file = path.join(folder, "job.yaml");
  await writeFile(file, DOCUMENTS.replace("NAME", model));
  const resolved = await resolveRunInput([file], {
    cwd: folder,
    env: {},
    secretFlags: [],
    overrides: { parallelism },
  });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  return resolved.input;
}

const options = (out: string | undefined) => ({ out, cwd: folder, nowMs: NOW_MS, options: [] });

describe("the folder of a run", () => {
  it("is named by the UTC time, closed to others, and runs/latest points to it", async () => {
    const opened = await openRunFolder(await inputOf(), options(undefined));
    expect(path.relative(folder, opened.path)).toBe("runs/2026-01-02T030405Z/job");
    expect(await readlink(path.join(folder, "runs", "latest"))).toBe("2026-01-02T030405Z");
    expect((await stat(opened.path)).mode & 0o777).toBe(0o700);
    await opened.close();
  });

  it("is resumed with the same identity, also with another parallelism", async () => {
    const first = await openRunFolder(await inputOf(), options("out"));
    await first.close();
    const second = await openRunFolder(await inputOf("one", 9), options("out"));
    expect(second.isResumed).toBe(true);
    expect(second.state.jobUid).toBe(first.state.jobUid);
    await second.close();
  });

  it("refuses another spec, naming the fields that differ", async () => {
    await (await openRunFolder(await inputOf(), options("out"))).close();
    const refused = openRunFolder(await inputOf("two"), options("out"));
    await expect(refused).rejects.toMatchObject({
      code: "run_folder_conflict",
      message: expect.stringContaining("job.model.name"),
    });
  });

  it("refuses a finished run and says what to do", async () => {
    const first = await openRunFolder(await inputOf(), options("out"));
    await first.save({ ...first.state, end: { condition: "Complete", reason: "AllGraded", message: "" } });
    await first.close();
    const refused = openRunFolder(await inputOf(), options("out"));
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining("use another --out") });
  });

  it("refuses a second process, and takes over the lock of one that died", async () => {
    const first = await openRunFolder(await inputOf(), options("out"));
    const input = await inputOf();
    const refused = openRunFolder(input, options("out"));
    await expect(refused).rejects.toMatchObject({
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await first.close();
    const lock = path.join(first.path, ".rollyard", "lock");
    // The same process id, given to another process since.
    await writeFile(path.join(lock, `${process.pid}-1`), "");
    const second = await openRunFolder(input, options("out"));
    expect(await readdir(lock)).toHaveLength(1);
    await second.close();
    expect(await readdir(lock)).toEqual([]);
  });

  it("says which folder can't be written", async () => {
    await writeFile(path.join(folder, "file"), "");
    const refused = openRunFolder(await inputOf(), options("file/below"));
    await expect(refused).rejects.toMatchObject({
      code: "output_unwritable",
      message: expect.stringContaining("--out"),
    });
  });
});
