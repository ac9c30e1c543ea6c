import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";

const ENVIRONMENT = `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: env}
spec:
  sandbox: {workdir: /work}
  prompt: [{role: user, content: hi}]
  tools:
    - preset: shell
    - {name: lookup, http: {url: "http://127.0.0.1:1/", headersSecret: {name: keys}}}
  grader: {type: string_check, name: g, operation: eq, input: a, reference: a}
`;

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "rollyard-try-"));
  await writeFile(path.join(folder, "env.yaml"), ENVIRONMENT);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const rollyard = (...args: readonly string[]): Promise<CliEnd> => startCli(args).ended;
const file = (): string => path.join(folder, "env.yaml");

describe("rollyard sandbox", () => {
  it("needs no secret of the environment's tools", async () => {
    expect(await rollyard("sandbox", "-f", file(), "--", "echo", "here")).toMatchObject({
      code: 0,
      stdout: "here\n",
    });
  });

  it("prompts in the workdir", async () => {
    const end = await rollyard("sandbox", "-f", file());
    expect(end).toMatchObject({ code: 0, stderr: expect.stringMatching(/\/work \$ $/u) });
  });

  it("refuses a timeout that is no number with exit code 2", async () => {
    const end = await rollyard("sandbox", "-f", file(), "--timeout", "abc", "--", "true");
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("--timeout") });
  });
});

describe("rollyard tool", () => {
  it("needs the secret of its own tool only", async () => {
    expect(await rollyard("tool", "-f", file(), "shell", '{"command": "echo here"}')).toMatchObject({
      code: 0,
      stdout: "here\n",
    });
    const end = await rollyard("tool", "-f", file(), "lookup");
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("--secret keys/KEY=env:VARIABLE") });
  });
});
