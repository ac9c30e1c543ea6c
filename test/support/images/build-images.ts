import { execFile } from "node:child_process";
import { cp, mkdir, realpath, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { npmEnv } from "../../../scripts/lib/dependencies.mjs";
import { findGo } from "../../../scripts/lib/go.mjs";
import { fillImageRoot } from "../sandbox/image-root.ts";
import { ownedFolder } from "../lib/owned-folder.ts";

/** The images that the tests build. */
export const IMAGES = {
  services: "rollyard-test-services:local",
  sandboxd: "rollyard-test-sandboxd:local",
} as const;

const BASE = "rollyard-test-base:local";
const NODE_BUILD = "rollyard-test-node-build:local";
const GO_BUILD = "rollyard-test-go-build:local";
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SHELL = ["sh", "chmod", "env", "rm"];
/** Of Go's own folder, what compiling takes. */
const GO_PARTS = ["bin/go", "pkg/include", "pkg/tool", "src", "go.env", "VERSION"];
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const run = promisify(execFile);

/**
 * Builds both images with the Docker engine at `host`, as the Dockerfiles say. What they build on is made from the Debian
 * packages of this machine and the Node of this clone: no registry of images is asked, and what is built has no network.
 */
export async function buildImages(host: string): Promise<void> {
  const folder = await ownedFolder("rollyard-images-");
  try {
    await importBase(host, join(folder, "base"));
    await importNodeBuild(host, join(folder, "node"));
    await importGoBuild(host, join(folder, "go"));
    await build(host, {
      tag: IMAGES.services,
      file: "services/Dockerfile",
      context: ".",
      args: { BUILD_IMAGE: NODE_BUILD, BASE_IMAGE: BASE },
    });
    await build(host, {
      tag: IMAGES.sandboxd,
      file: "services/sandboxd/Dockerfile",
      context: "services/sandboxd",
      args: { BUILD_IMAGE: GO_BUILD },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs docker against an engine; resolves with what it printed. */
export async function docker(host: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: "0" };
  const { stdout, stderr } = await run("docker", args, { env, cwd: ROOT, maxBuffer: MAX_OUTPUT_BYTES });
  return `${stdout}${stderr}`;
}

interface Build {
  readonly tag: string;
  readonly file: string;
  readonly context: string;
  readonly args: Readonly<Record<string, string>>;
}

async function build(host: string, { tag, file, context, args }: Build): Promise<void> {
  const given = Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  await docker(host, ["build", "--network", "none", "--tag", tag, "--file", file, ...given, context]);
}

/** Node and its libraries. */
async function importBase(host: string, root: string): Promise<void> {
  await fillImageRoot(root, { programs: [...SHELL, process.execPath], folders: [] });
  await importRoot(host, { root, tag: BASE, changes: [] });
}

/** Node, npm, and all that npm would fetch. */
async function importNodeBuild(host: string, root: string): Promise<void> {
  await fillImageRoot(root, {
    programs: [...SHELL, process.execPath],
    folders: ["root", "usr/lib/node_modules"],
  });
  const { stdout } = await run("/bin/sh", ["-c", "command -v npm"]);
  const npm = dirname(dirname(await realpath(stdout.trim())));
  await cp(npm, join(root, "usr/lib/node_modules/npm"), { recursive: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/bin/npm"));
  const env = npmEnv(process.env);
  const registry = await run("npm", ["config", "get", "registry"], { env });
  await fillCache(join(root, "root", "cache"), `${root}-project`);
  const variables = {
    PATH: "/usr/bin",
    HOME: "/root",
    npm_config_cache: "/root/cache",
    npm_config_offline: "true",
    npm_config_registry: registry.stdout.trim(),
  };
  const changes = Object.entries(variables).map(([name, value]) => `ENV ${name}=${value}`);
  await importRoot(host, { root, tag: NODE_BUILD, changes });
}

async function fillCache(cache: string, project: string): Promise<void> {
  await mkdir(project);
  for (const name of ["package.json", "package-lock.json", ".npmrc"])
    await cp(join(ROOT, name), join(project, name));
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", cache];
  await run("npm", args, { cwd: project, env: npmEnv(process.env), maxBuffer: MAX_OUTPUT_BYTES });
}

async function importGoBuild(host: string, root: string): Promise<void> {
  await fillImageRoot(root, { programs: SHELL, folders: ["usr/local/go"] });
  const sources = join(ROOT, "services", "sandboxd");
  const go = await findGo(sources, process.env);
  const env = { ...process.env, ...(go.kind === "ready" ? go.env : {}) };
  const { stdout } = await run("go", ["env", "GOROOT"], { cwd: sources, env });
  for (const part of GO_PARTS)
    await cp(join(stdout.trim(), part), join(root, "usr/local/go", part), {
      recursive: true,
      dereference: true,
    });
  const changes = [
    "ENV PATH=/usr/local/go/bin:/usr/bin",
    "ENV GOTOOLCHAIN=local",
    "ENV GOCACHE=/tmp/go",
    "ENV HOME=/tmp",
  ];
  await importRoot(host, { root, tag: GO_BUILD, changes });
}

interface Imported {
  readonly root: string;
  readonly tag: string;
  readonly changes: readonly string[];
}

async function importRoot(host: string, { root, tag, changes }: Imported): Promise<void> {
  const archive = `${root}.tar`;
  await run("tar", ["-C", root, "--owner=0", "--group=0", "-cf", archive, "."]);
  await docker(host, ["import", ...changes.flatMap((change) => ["--change", change]), archive, tag]);
  await rm(archive);
  await rm(root, { recursive: true });
}
