import { execFile } from "node:child_process";
import { chmod, cp, mkdir, realpath, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Fills a folder with what an image of a sandbox has: these programs of this machine, by name or by path, with their libraries,
 * and empty folders, those of `folders` too. Nobody is asked for anything.
 */
export async function fillImageRoot(
  root: string,
  { programs, folders }: { readonly programs: readonly string[]; readonly folders: readonly string[] },
): Promise<void> {
  for (const folder of ["usr/bin", "tmp", "proc", "dev", "etc", ...folders])
    await mkdir(join(root, folder), { recursive: true });
  await chmod(root, 0o755);
  await chmod(join(root, "tmp"), 0o1777);
  await symlink("usr/bin", join(root, "bin"));
  for (const name of programs) {
    await copyWithLibraries(root, await pathOf(name), `/usr/bin/${basename(name)}`);
  }
}

async function pathOf(name: string): Promise<string> {
  if (name.startsWith("/")) return name;
  const { stdout } = await run("/bin/sh", ["-c", `PATH=/usr/bin:/bin command -v ${name} || true`]);
  return stdout.trim().startsWith("/") ? stdout.trim() : `/usr/bin/${name}`;
}

async function copyWithLibraries(root: string, program: string, place: string): Promise<void> {
  await cp(await realpath(program), join(root, place));
  const { stdout } = await run("ldd", [program]);
  for (const [library] of stdout.matchAll(/\/\S+/gu)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
}
