import { createHash } from "node:crypto";
import { z } from "zod";
import type { GraderAssets } from "../grader/command/grader-file.ts";
import { canonicalJson } from "../lib/canonical-json.ts";

/** The own files of a job's graders, as its snapshot holds them: their content in base64. */
export const snapshotAssetsSchema = z.record(
  z.string(),
  z.array(z.strictObject({ path: z.string(), content: z.base64(), isExecutable: z.boolean() })),
);

type SnapshotAssets = z.output<typeof snapshotAssetsSchema>;

/** The field of a snapshot; nothing for graders without files. */
export function encodeAssets(assets: GraderAssets): { readonly graderAssets?: SnapshotAssets } {
  if (assets.size === 0) return {};
  const encoded = [...assets].map(([key, files]) => [
    key,
    files.map((file) => ({ ...file, content: Buffer.from(file.content).toString("base64") })),
  ]);
  return { graderAssets: Object.fromEntries(encoded) };
}

/** The files of a snapshot. */
export function decodeAssets(assets: SnapshotAssets = {}): GraderAssets {
  return new Map(
    Object.entries(assets).map(([key, files]) => [
      key,
      files.map((file) => ({ ...file, content: Buffer.from(file.content, "base64") })),
    ]),
  );
}

/** What files count for in a run's identity; nothing for graders without any. */
export function assetsDigest(assets: GraderAssets): { readonly graderAssetsSha256?: string } {
  const { graderAssets } = encodeAssets(assets);
  if (graderAssets === undefined) return {};
  return { graderAssetsSha256: createHash("sha256").update(canonicalJson(graderAssets)).digest("hex") };
}
