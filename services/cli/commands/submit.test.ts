import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerSubmit } from "./submit.ts";

let cwd = "";

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "rollyard-submit-"));
});

afterEach(() => rm(cwd, { recursive: true, force: true }));

const JOB = `apiVersion: rollyard.dev/v1alpha1
kind: RolloutJob
metadata: { name: job }
spec:
  environmentRef: { name: env }
  dataset: { file: items.jsonl }
  model: { baseURL: "http://127.0.0.1:1/v1", name: m }
`;

/** Submits without any kubeconfig. */
async function submit(): Promise<readonly [number, string]> {
  let said = "";
  let exitCode = 0;
  const program = new Command().exitOverride();
  registerSubmit(program, {
    stdout: () => undefined,
    stderr: (text) => (said += text),
    ask: async () => null,
    env: { KUBECONFIG: join(cwd, "none") },
    command: "rollyard",
    cwd,
    setExitCode: (code) => (exitCode = code),
  });
  await program.parseAsync(["node", "rollyard", "submit", "-f", "job.yaml"]);
  return [exitCode, said];
}

describe("rollyard submit without a cluster", () => {
  it("says that its file is missing", async () => {
    expect(await submit()).toEqual([2, expect.stringContaining("job.yaml")]);
  });

  it("says that the file of the rows is missing", async () => {
    await writeFile(join(cwd, "job.yaml"), JOB);
    expect(await submit()).toEqual([2, expect.stringContaining("items.jsonl")]);
  });

  it("says what is needed once the files are right", async () => {
    await writeFile(join(cwd, "job.yaml"), JOB);
    await writeFile(join(cwd, "items.jsonl"), "{}\n");
    await expect(submit()).rejects.toMatchObject({ code: "kube_credentials" });
  });
});
