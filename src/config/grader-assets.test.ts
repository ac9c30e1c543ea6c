import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { graderSchema } from "../grader/schema.ts";
import { loadGraderAssets } from "./grader-assets.ts";
import type { AssetsConfigMap, AssetsPlaces } from "./grader-assets.ts";
import { assetsDigest, decodeAssets, encodeAssets } from "./snapshot-assets.ts";

const grader = (assets: object) =>
  graderSchema.parse({
    type: "multi",
    calculate_output: "a",
    graders: { a: { type: "command", name: "a", argv: ["make"], assets } },
  });

describe("the own files of a grader", () => {
  let folder: string;
  let places: AssetsPlaces;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assets-"));
    const maps: Readonly<Record<string, AssetsConfigMap>> = {
      tests: { data: { "a.py": "é" }, binaryData: { b: "AP8=" } },
    };
    places = { folderOf: (path) => join(folder, path), configMapOf: async (name) => maps[name] ?? null };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const load = (assets: object, more: Partial<AssetsPlaces> = {}) =>
    loadGraderAssets({ grader: grader(assets) }, { ...places, ...more });

  it("are all files of its folder, with what is a program, and no links", async () => {
    await mkdir(join(folder, "tests/deep"), { recursive: true });
    await writeFile(join(folder, "tests/deep/run.sh"), "true");
    await chmod(join(folder, "tests/deep/run.sh"), 0o755);
    await writeFile(join(folder, "tests/a.py"), "x");
    await symlink("/etc/passwd", join(folder, "tests/link"));
    const { assets, problems } = await load({ path: "tests" });
    expect(problems).toEqual([]);
    expect(assets.get("path:tests")).toMatchObject([
      { path: "a.py", isExecutable: false },
      { path: "deep/run.sh", isExecutable: true },
    ]);
  });

  it("are a ConfigMap's keys, and come back from a snapshot as they were", async () => {
    const { assets } = await load({ configMap: "tests" });
    expect(decodeAssets(encodeAssets(assets).graderAssets).get("configMap:tests")).toEqual([
      { path: "a.py", content: Buffer.from("é"), isExecutable: false },
      { path: "b", content: Buffer.from([0, 255]), isExecutable: false },
    ]);
    expect(assetsDigest(assets).graderAssetsSha256).toMatch(/^[0-9a-f]{64}$/u);
    expect({ ...encodeAssets(new Map()), ...assetsDigest(new Map()) }).toEqual({});
  });

  it("are refused by a sentence that names the field and what to change", async () => {
    await mkdir(join(folder, "empty"));
    await mkdir(join(folder, "large"));
    await writeFile(join(folder, "large/file"), new Uint8Array(4 * 1024 * 1024 + 1));
    const messages = async (assets: object, more: Partial<AssetsPlaces> = {}) =>
      (await load(assets, more)).problems.map(({ path, message }) => `${path.join(".")} ${message}`);
    expect(await messages({ path: "none" })).toEqual([`graders.a.assets is not a folder: ${folder}/none`]);
    expect(await messages({ path: "empty" })).toEqual(["graders.a.assets holds no file"]);
    expect(await messages({ path: "large" })).toEqual([
      expect.stringContaining("is larger than 4 MiB; a grader's own image"),
    ]);
    expect(await messages({ configMap: "other" })).toEqual([
      'graders.a.assets names ConfigMap "other", which is not there',
    ]);
    expect(await messages({ path: "empty" }, { folderOf: null })).toEqual([
      expect.stringContaining("on a cluster put the files into a ConfigMap"),
    ]);
  });
});
