import { expect, it } from "vitest";
import { servedJobSpec } from "../../../src/trace/served-job.ts";
import { givenOptions } from "./given-options.ts";
import type { ResumeFlags } from "./given-options.ts";
import { resumeCommand } from "./resume-command.ts";

const origin = {
  files: ["/work/my job.yaml"],
  jobFolder: "/work",
  environmentFolder: "/work",
  configMapFile: null,
};

function commandFor(
  flags: ResumeFlags,
  {
    retryOf = null,
    cwd = "/work",
    snapshot = {},
  }: { readonly retryOf?: string | null; readonly cwd?: string; readonly snapshot?: unknown } = {},
): string {
  const job = { name: "small", namespace: null, retryOf };
  const options = givenOptions(flags, "/work");
  const state = { origin, job, options, snapshot };
  return resumeCommand("/work/out/small", state, { cwd, command: "npx rollyard" });
}

it("resumes with no option where none was given", () => {
  expect(commandFor({ sandbox: "auto", secret: [] })).toBe("npx rollyard run -f 'my job.yaml' --out out");
});

it("names the options that the run had, but not what only changes its output", () => {
  const flags = {
    sandbox: "process",
    secret: ["openai/key=env:KEY", "openai/other=file:keys/my key=1"],
    modelUrl: "http://127.0.0.1:1/v1",
    model: "policy",
    parallelism: 3,
    items: 2,
    samples: 5,
    json: true,
    verbose: true,
  } as const;
  const options =
    "--items 2 --samples 5 --parallelism 3 --model-url http://127.0.0.1:1/v1 --model policy --sandbox process " +
    "--secret openai/key=env:KEY --secret";
  expect(commandFor(flags)).toBe(
    `npx rollyard run -f 'my job.yaml' --out out ${options} 'openai/other=file:keys/my key=1'`,
  );
  expect(commandFor(flags, { cwd: "/elsewhere" })).toContain(
    "--secret 'openai/other=file:/work/keys/my key=1'",
  );
});

it("resumes a retry as a retry", () => {
  expect(commandFor({ sandbox: "docker", secret: [] }, { retryOf: "small" })).toBe(
    "npx rollyard retry out/small --sandbox docker",
  );
});

it("serves again what was served", () => {
  const snapshot = { job: servedJobSpec("small") };
  expect(commandFor({ sandbox: "auto", secret: ["trainer/key=file:key.txt"] }, { snapshot })).toBe(
    "npx rollyard serve -f 'my job.yaml' --out out --secret trainer/key=file:key.txt",
  );
});
