import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile, realpath } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compilePackage } from "../../../scripts/lib/compile-package.mjs";
import { findPlaces } from "../../../scripts/lib/places.mjs";
import { findPrograms, findSandboxd } from "../../../services/cli/find-programs.ts";
import { writeOciArchive } from "../node/oci-archive.ts";
import type { ImageConfig } from "../node/oci-archive.ts";
import { fillImageRoot } from "../sandbox/image-root.ts";

/** Whole names of the images of an installation. */
export interface ServiceImages {
  /** Of controller, worker, grader and gateway. */
  readonly services: string;
  readonly sandboxd: string;
  readonly nats: string;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const USER = "10001:10001";
const PATH = ["PATH=/usr/bin:/bin"];
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

const run = promisify(execFile);

/**
 * Makes the images of an installation as archives, with the content, user and command that their Dockerfiles give them, but
 * without an engine: of this machine's Node, this clone's packages for production, its compiled sources and the programs that
 * were built of it. Resolves with the archives' paths.
 */
export async function makeServiceArchives(folder: string, names: ServiceImages): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const { natsServer } = await findPrograms(process.env);
  return [
    await archive(folder, {
      name: names.services,
      layer: await servicesLayer(join(folder, "services")),
      config: { User: USER, WorkingDir: "/app", Env: [...PATH, "NODE_ENV=production"] },
    }),
    await archive(folder, {
      name: names.sandboxd,
      layer: await programLayer(join(folder, "sandboxd"), await findSandboxd(process.env)),
      config: { User: USER, Entrypoint: ["/sandboxd"] },
    }),
    await archive(folder, {
      name: names.nats,
      layer: await programLayer(join(folder, "nats-server"), natsServer),
      config: { Entrypoint: ["/nats-server"], Cmd: ["--config", "nats-server.conf"] },
    }),
  ];
}

async function archive(
  folder: string,
  source: { readonly name: string; readonly layer: string; readonly config: ImageConfig },
): Promise<string> {
  const file = join(folder, `${source.name.replaceAll(/[^a-z0-9]/gu, "-")}.tar`);
  await writeOciArchive(source, file);
  return file;
}

/** One static program at `/`, named as its folder. */
async function programLayer(root: string, program: string): Promise<string> {
  await mkdir(root);
  const place = join(root, root.slice(root.lastIndexOf("/") + 1));
  await cp(await realpath(program), place);
  for (const path of [root, place]) await chmod(path, 0o755);
  return tarOf(root);
}

async function servicesLayer(root: string): Promise<string> {
  await fillImageRoot(root, { programs: ["sh", process.execPath], folders: ["app"] });
  const layer = await tarOf(root);
  await compilePackage(findPlaces(), process.execPath);
  const content = ["package.json", "dist", ...(await productionPackages())];
  const owner = ["--owner=0", "--group=0", "--mode=a+rX,go-w", "--transform=s#^#app/#S"];
  const args = ["-C", ROOT, ...owner, "-rf", layer, ...content];
  await run("tar", args, { maxBuffer: MAX_OUTPUT_BYTES });
  return layer;
}

/** Folders of the packages that `npm ci --omit=dev` installs. */
async function productionPackages(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  return Object.entries(packages).flatMap(([path, { dev }]) =>
    dev === true || !/^node_modules\/(?!.*\/node_modules\/)/u.test(path) || !existsSync(join(ROOT, path))
      ? []
      : [path],
  );
}

async function tarOf(root: string): Promise<string> {
  const file = `${root}.tar`;
  await run("tar", ["-C", root, "--owner=0", "--group=0", "-cf", file, "."]);
  return file;
}
