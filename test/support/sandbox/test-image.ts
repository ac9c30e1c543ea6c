import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Name of the image of the Docker cases. */
export const TEST_IMAGE = "rollyard-test:local";

const PROGRAMS = [
  ...["bash", "sh", "cat", "cut", "grep", "head", "id", "ls", "mkdir", "mount", "pgrep", "printf", "ps"],
  ...["setsid", "sleep", "tail", "touch", "tr", "true", "wc"],
];

/** Makes the image from this machine's own programs, so that no registry is asked. */
export async function importTestImage(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "rollyard-test-image-"));
  try {
    await fillRoot(root);
    const archive = `${root}.tar`;
    const places = ["./workspace", "./srv/place"];
    const others = places.map((place) => `--exclude=${place}`);
    await run("tar", ["-C", root, "--owner=0", "--group=0", ...others, "-cf", archive, "."]);
    await run("tar", ["-C", root, "--owner=1000", "--group=1000", "-rf", archive, ...places]);
    await run("docker", ["import", archive, TEST_IMAGE]);
    await rm(archive);
  } finally {
    await rm(root, { recursive: true });
  }
}

async function fillRoot(root: string): Promise<void> {
  for (const folder of ["usr/bin", "tmp", "workspace", "proc", "dev", "etc", "srv/place"])
    await mkdir(join(root, folder), { recursive: true });
  await chmod(root, 0o755);
  await chmod(join(root, "tmp"), 0o1777);
  await symlink("usr/bin", join(root, "bin"));
  for (const name of PROGRAMS) {
    const { stdout } = await run("/bin/sh", ["-c", `PATH=/usr/bin:/bin command -v ${name} || true`]);
    const program = stdout.trim().startsWith("/") ? stdout.trim() : `/usr/bin/${name}`;
    await copyWithLibraries(root, program, `/usr/bin/${name}`);
  }
}

async function copyWithLibraries(root: string, program: string, place: string): Promise<void> {
  await cp(await realpath(program), join(root, place));
  const { stdout } = await run("ldd", [program]);
  for (const [library] of stdout.matchAll(/\/\S+/gu)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
}
