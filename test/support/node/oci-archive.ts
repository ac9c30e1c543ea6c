import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What an image's container is started with. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

/** An image of one layer. */
export interface ImageSource {
  /** Whole name, with registry and tag. */
  readonly name: string;
  /** A tar of its files. */
  readonly layer: string;
  readonly config: ImageConfig;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const OCI = "application/vnd.oci.image";
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/**
 * Makes an image archive that `ctr images import` takes; the layer is moved into it.
 * Source of the format: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
export async function writeOciArchive({ name, layer, config }: ImageSource, archive: string): Promise<void> {
  const root = `${archive}.layout`;
  await mkdir(join(root, "blobs/sha256"), { recursive: true });
  const platform = { architecture: ARCHITECTURES[process.arch] ?? process.arch, os: "linux" };
  const files = await moveBlob(root, layer, `${OCI}.layer.v1.tar`);
  const image = { ...platform, config, rootfs: { type: "layers", diff_ids: [files.digest] } };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: await jsonBlob(root, image, `${OCI}.config.v1+json`),
    layers: [files],
  };
  const annotations = { "io.containerd.image.name": name };
  const listed = { ...(await jsonBlob(root, manifest, manifest.mediaType)), platform, annotations };
  const index = { schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests: [listed] };
  await writeFile(join(root, "index.json"), JSON.stringify(index));
  await writeFile(join(root, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await run("tar", ["-C", root, "-cf", archive, "oci-layout", "index.json", "blobs"]);
  await rm(root, { recursive: true });
}

async function jsonBlob(root: string, value: object, mediaType: string): Promise<Descriptor> {
  const file = join(root, "blob");
  await writeFile(file, JSON.stringify(value));
  return moveBlob(root, file, mediaType);
}

async function moveBlob(root: string, file: string, mediaType: string): Promise<Descriptor> {
  const content = await readFile(file);
  const hash = createHash("sha256").update(content).digest("hex");
  await rename(file, join(root, "blobs/sha256", hash));
  return { mediaType, digest: `sha256:${hash}`, size: content.length };
}
