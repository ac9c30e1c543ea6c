import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fillImageRoot } from "../sandbox/image-root.ts";
import { PAUSE_IMAGE } from "./node-files.ts";
import { writeOciArchive } from "./oci-archive.ts";
import type { ImageConfig } from "./oci-archive.ts";

const run = promisify(execFile);

/** Name of the image with sandboxd, as the controllers of tests are told. */
export const SANDBOXD_IMAGE = "registry.example/sandboxd:1";

/** Programs of the images of sandboxes. */
const PROGRAMS = [
  ...["bash", "sh", "cat", "cut", "dd", "find", "grep", "head", "id", "ln", "ls", "mkdir", "mknod", "mount"],
  ...["od", "ps", "sha256sum"],
  ...[
    "printenv",
    "sed",
    "setsid",
    "sleep",
    "tail",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "unshare",
    "wc",
  ],
];

/** An image of sandboxes: this machine's programs, and a folder's content in `/workspace`. */
export interface SandboxImage {
  /** Whole name, with registry and tag. */
  readonly name: string;
  readonly corpus: string | null;
}

/** Makes the archives of everything that a node's pods need, in a folder; resolves with their paths. */
export async function makeNodeImages(
  folder: string,
  sandboxd: string,
  sandboxes: readonly SandboxImage[],
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const [base, program] = await Promise.all(
    ["base-", "sandboxd-"].map((name) => mkdtemp(join(folder, name))),
  );
  if (base === undefined || program === undefined) throw new Error("unreachable");
  await fillImageRoot(base, { programs: PROGRAMS, folders: ["workspace"] });
  await chmod(join(base, "workspace"), 0o777);
  await cp(sandboxd, join(program, "sandboxd"));
  for (const path of [program, join(program, "sandboxd")]) await chmod(path, 0o755);
  const make = (name: string, layer: string, config: ImageConfig): Promise<string> =>
    makeArchive(join(folder, `${name.replaceAll(/[^a-z0-9]/g, "-")}.tar`), { name, layer, config });
  const archives = [
    await make(PAUSE_IMAGE, await tarOf(base), { Entrypoint: ["/usr/bin/sleep", "infinity"] }),
    await make(SANDBOXD_IMAGE, await tarOf(program), { Entrypoint: ["/sandboxd"] }),
  ];
  for (const { name, corpus } of sandboxes)
    archives.push(
      await make(name, await withWorkspace(await tarOf(base), corpus), { Env: ["PATH=/usr/bin:/bin"] }),
    );
  return archives;
}

async function makeArchive(archive: string, source: Parameters<typeof writeOciArchive>[0]): Promise<string> {
  await writeOciArchive(source, archive);
  return archive;
}

async function tarOf(root: string): Promise<string> {
  const file = `${root}.tar`;
  await run("tar", ["-C", root, "--owner=0", "--group=0", "-cf", file, "."]);
  return file;
}

/** Puts a folder's content where commands run; it belongs to the user that sandboxes have. */
async function withWorkspace(file: string, content: string | null): Promise<string> {
  if (content === null) return file;
  const owner = ["--owner=1000", "--group=1000", "--mode=u+w"];
  // Not the targets of links.
  const place = "--transform=s#^\\.#./workspace#SH";
  await run("tar", ["-C", content, ...owner, place, "-rf", file, "."]);
  return file;
}
