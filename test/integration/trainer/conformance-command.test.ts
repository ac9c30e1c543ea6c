import { copyFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import { startContractServer } from "../../support/trainer/contract-server.ts";
import type { ContractServer } from "../../support/trainer/contract-server.ts";

let server: ContractServer;
let folder: string;
beforeAll(async () => {
  server = await startContractServer({ wrongKey: null });
  folder = await mkdtemp(join(tmpdir(), "conformance-"));
  const { toolUrl, graderUrl, headers } = server;
  const tools = [
    { name: "other", server_url: `${toolUrl}-other` },
    { name: "count", server_url: toolUrl },
  ];
  const served = { headers, tools, grader: { url: graderUrl }, folder: "runs/x" };
  await writeFile(join(folder, "served.json"), `${JSON.stringify(served)}\n`);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function conformance(...args: readonly string[]): Promise<CliEnd> {
  return startCli(["conformance", ...args], { TOOLS_KEY: server.headers["Authorization"] ?? "" }).ended;
}

describe("rollyard conformance", () => {
  it("prints each check with its verdict, and the rule of one that failed; exit code 1", async () => {
    const { toolUrl, graderUrl } = server;
    const key = ["--header", "Authorization: env:TOOLS_KEY"];
    const end = await conformance(
      "--tools",
      toolUrl,
      "--grader",
      graderUrl,
      ...key,
      "--counting",
      "--burst",
      "5",
    );
    expect(end).toMatchObject({ code: 1, stderr: "" });
    expect(end.stdout).toMatch(/^pass {6}tools\.answer {2,}answered 200 with type, call_id, id, output\.$/mu);
    expect(end.stdout).toMatch(
      /^fail {6}tools\.wrong-key .*\n {10}→ A call with a wrong key is answered with 401\.$/mu,
    );
    expect(end.stdout).toMatch(/^\d+ checks: \d+ pass, 2 fail\.$/mu);
    expect(end.stdout).toContain("Exit code 1: 2 rules failed.");
    expect(end.stdout).not.toContain("Bearer");
  });

  it("takes the line of a served environment, and tells as one JSON object; exit code 0", async () => {
    const target = ["--target", join(folder, "served.json"), "--tool", "count", "--json"];
    const end = await conformance(...target, "--only", "tools.repeat", "--only", "grader.score");
    expect(end).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(end.stdout)).toMatchObject({
      tools: server.toolUrl,
      grader: server.graderUrl,
      conforms: true,
      counts: { unproven: 1, pass: 1 },
      results: [
        { check: "tools.repeat", verdict: "unproven", basis: "derived" },
        { check: "grader.score", verdict: "pass", basis: "documented" },
      ],
    });
  });

  it("waits while the file is empty: what serves is starting", async () => {
    const file = join(folder, "starting.json");
    await writeFile(file, "");
    const check = ["--only", "grader.score", "--json"];
    const running = startCli(["conformance", "--target", file, "--tool", "count", ...check]);
    await running.says(/^waiting for the line of rollyard serve in \S+, 60 s at most$/mu);
    await copyFile(join(folder, "served.json"), `${file}.whole`);
    await rename(`${file}.whole`, file);
    const end = await running.ended;
    expect(end.code).toBe(0);
    expect(JSON.parse(end.stdout)).toMatchObject({ conforms: true });
  });

  it.each([
    [["--tools", "http://127.0.0.1:1/x"], "Give --tools URL and --grader URL, or --target FILE"],
    [
      ["--tools", "not a url", "--grader", "http://127.0.0.1:1/x"],
      "--tools must be an http:// or https:// URL",
    ],
    [["--only", "tools.anwser"], 'did you mean "tools.answer"?'],
    [["--arguments", "[]"], "must be a JSON object."],
    [["--target", "missing.json"], "missing.json can't be read."],
  ])("refuses %j with a sentence; exit code 2", async (args, sentence) => {
    const end = await conformance(...args);
    expect(end).toMatchObject({ code: 2, stdout: "" });
    expect(end.stderr).toContain(sentence);
  });
});
