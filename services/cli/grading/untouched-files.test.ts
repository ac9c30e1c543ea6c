import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { untouchedFiles } from "./untouched-files.ts";

const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "untouched-"));
  await mkdir(path.join(folder, "src", "deep"), { recursive: true });
  await writeFile(path.join(folder, "src", "a.py"), "a");
  await writeFile(path.join(folder, "src", "deep", "run.sh"), "run");
  await chmod(path.join(folder, "src", "deep", "run.sh"), 0o755);
  await symlink("/etc/hostname", path.join(folder, "src", "link"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const take = (wanted: string) => untouchedFiles(folder).take(wanted, signal);
const content = (text: string): Buffer => Buffer.from(text);

it("gives the files that are laid into the workdir, without links", async () => {
  expect(await take("src/a.py")).toEqual({
    kind: "files",
    files: [{ path: "", content: content("a"), isExecutable: false }],
  });
  const tree = await take("src");
  const files = tree.kind === "files" ? tree.files : [];
  expect([...files].toSorted((left, right) => (left.path < right.path ? -1 : 1))).toEqual([
    { path: "a.py", content: content("a"), isExecutable: false },
    { path: "deep/run.sh", content: content("run"), isExecutable: true },
  ]);
});

it.each([
  ["what the agent was to make", "solution.py", { kind: "absent" }],
  ["a link", "src/link", { kind: "absent" }],
  ["a place outside", "../other", { kind: "refused", reason: "link" }],
])("has nothing of %s", async (_case, wanted, tree) => {
  expect(await take(wanted)).toEqual(tree);
});

it("has nothing where the workdir is in an image", async () => {
  expect(await untouchedFiles(undefined).take("src", signal)).toEqual({ kind: "absent" });
});
