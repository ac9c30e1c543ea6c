import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fillImageRoot } from "./image-root.ts";

const run = promisify(execFile);

/** Name of the image of the Docker cases. */
export const TEST_IMAGE = "rollyard-test:local";

const PROGRAMS = [
  ...[
    "bash",
    "sh",
    "cat",
    "ln",
    "cut",
    "grep",
    "head",
    "id",
    "ls",
    "mkdir",
    "mount",
    "pgrep",
    "printf",
    "ps",
  ],
  ...["setsid", "sleep", "tail", "touch", "tr", "true", "wc"],
];

/** Makes the image from this machine's own programs, so that no registry is asked. */
export async function importTestImage(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "rollyard-test-image-"));
  try {
    await fillImageRoot(root, { programs: PROGRAMS, folders: ["workspace", "srv/place"] });
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
