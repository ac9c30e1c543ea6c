import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTar } from "./read-tar.ts";

const run = promisify(execFile);

describe("a tar archive out of a sandbox", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "read-tar-"));
    await mkdir(join(folder, "tree"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const tarred = async (...args: readonly string[]): Promise<Uint8Array> => {
    const { stdout } = await run("tar", ["--format=pax", "-C", folder, "-c", ...args], {
      encoding: "buffer",
      maxBuffer: 1 << 24,
    });
    return stdout;
  };

  it("gives regular files with their bytes and whether they are programs, and no links", async () => {
    const long = `${"d".repeat(90)}/${"é".repeat(60)}`;
    await mkdir(join(folder, "tree", "d".repeat(90)));
    await writeFile(join(folder, "tree", long), "long");
    await writeFile(join(folder, "tree/bytes"), Uint8Array.from([0, 255, 10]));
    await writeFile(join(folder, "tree/tool"), "x".repeat(1025));
    await chmod(join(folder, "tree/tool"), 0o755);
    await symlink("/etc/passwd", join(folder, "tree/link"));
    const files = readTar(await tarred("-C", "tree", "--transform=s,^\\./,,", ".")) ?? [];
    expect(files.map(({ path, isExecutable }) => [path, isExecutable]).toSorted()).toEqual([
      ["bytes", false],
      [long, false],
      ["tool", true],
    ]);
    const content = new Map(files.map((file) => [file.path, Buffer.from(file.content)]));
    expect(content.get("bytes")).toEqual(Buffer.from([0, 255, 10]));
    expect(content.get("tool")?.length).toBe(1025);
  });

  it("leaves out names that lead out of the folder", async () => {
    await writeFile(join(folder, "tree/a"), "a");
    for (const name of ["../a", "/a", "x/../../a", "./a", "x//a"]) {
      const archive = await tarred("-P", `--transform=s,^tree/a$,${name},`, "tree");
      expect(readTar(archive)).toEqual([]);
    }
  });

  it("gives the file of an archive of one file under an empty path", async () => {
    await writeFile(join(folder, "one"), "1");
    expect(readTar(await tarred("one"))).toMatchObject([{ path: "", isExecutable: false }]);
  });

  it("is none when it is cut, or when bytes of a header differ", async () => {
    await writeFile(join(folder, "tree/a"), "a".repeat(2000));
    const archive = await tarred("tree");
    expect(readTar(archive.subarray(0, 1024))).toBeNull();
    expect(readTar(archive.map((byte, at) => (at === 3 ? byte ^ 1 : byte)))).toBeNull();
    expect(readTar(new Uint8Array())).toBeNull();
  });

  it("never throws, whatever the bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2048 }), (bytes) => {
        readTar(bytes);
      }),
    );
  });
});
