import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npmEnv } from "../../../scripts/lib/dependencies.mjs";
import { listFiles } from "../../../scripts/lib/hash-folder.mjs";
import { startPolicy } from "../../../scripts/lib/scripted-policy.mjs";
import { ownedFolder } from "../../support/lib/owned-folder.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const example = join(root, "examples", "repo-search");
const files = ["-f", join(example, "environment.yaml"), "-f", join(example, "job.yaml")];
/** Packing compiles, installing fetches: minutes on a machine without caches. */
const MINUTES = 10 * 60_000;

let folder: string;
let app: string;

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a program as a user's shell would: with the system's Node, and nothing of this repository on PATH. */
function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: npmEnv(process.env) }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run("npm", [...args, "--loglevel=error", "--no-audit", "--no-fund"], cwd);
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed: ${output}`);
}

const rollyard = (args: readonly string[]): Promise<Ended> =>
  run(join(app, "node_modules", ".bin", "rollyard"), args, app);

beforeAll(async () => {
  folder = await ownedFolder("rollyard-package-");
  app = await mkdtemp(join(folder, "app-"));
  await npm(["pack", "--pack-destination", folder], root);
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  await writeFile(join(app, "package.json"), '{ "private": true }');
  await npm(["install", "--prefer-offline", join(folder, tarball ?? "no tarball")], app);
}, MINUTES);

afterAll(() => rm(folder, { recursive: true }));

describe("the packed package, installed elsewhere", () => {
  it("ships JavaScript and Go sources, and neither tests nor TypeScript", () => {
    const shipped = listFiles(join(app, "node_modules", "rollyard"));
    expect(shipped).toContain("dist/services/cli/main.js");
    expect(shipped).toContain("services/sandboxd/main.go");
    expect(shipped).toContain("tools/nats-server/go.sum");
    expect(shipped.filter((path) => /\.ts$|\.test\.|_test\.go$/.test(path))).toEqual([]);
  });

  it(
    "prints its help on the system's Node, however old",
    async () => {
      const { code, output } = await rollyard(["--help"]);
      expect(output).toContain("validate");
      expect(code).toBe(0);
    },
    MINUTES,
  );

  it("validates the example", async () => {
    const { code, output } = await rollyard(["validate", ...files]);
    expect(output).not.toContain("Error");
    expect(code).toBe(0);
  });

  it(
    "runs a rollout of the example from model to reward",
    async () => {
      const policy = await startPolicy(
        { places: { root }, node: process.execPath },
        join("examples", "repo-search"),
      );
      const model = ["--model-url", policy.url, "--model", "scripted-policy"];
      const out = join(app, "out");
      const { code, output } = await rollyard([
        "run",
        ...files,
        ...model,
        "--sandbox",
        "bubblewrap",
        "--items",
        "1",
        "--samples",
        "1",
        "--out",
        out,
      ]);
      await policy.stop();
      expect(output).toContain("scripted-policy");
      expect(code).toBe(0);
      const [job = ""] = await readdir(out);
      const lines = (await readFile(join(out, job, "results.jsonl"), "utf8")).trim().split("\n");
      expect(lines.map((line) => JSON.parse(line).outcome)).toEqual(["graded"]);
    },
    MINUTES,
  );
});
