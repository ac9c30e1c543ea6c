import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runQuietly } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

const OFFICIAL_RELEASES = "https://github.com/nats-io/nats-server/releases/download";
const TIMEOUT_MS = 300_000;

/**
 * Downloads the official archive of a release, compares it with the release's own SHA256SUMS, and unpacks it.
 * @param {{ version: string, target: string, folder: string, baseUrl?: string }} request `version` as `2.15.2`, `target`
 * as `linux-amd64`, `folder` an existing folder for the files
 * @returns {Promise<string>} path of the unpacked executable
 */
export async function downloadNatsServer({ version, target, folder, baseUrl = OFFICIAL_RELEASES }) {
  const name = `nats-server-v${version}-${target}`;
  const archiveName = `${name}.tar.gz`;
  const sums = new TextDecoder().decode(await get(`${baseUrl}/v${version}/SHA256SUMS`));
  const archive = await get(`${baseUrl}/v${version}/${archiveName}`);
  if (checksumOf(sums, archiveName) !== createHash("sha256").update(archive).digest("hex")) {
    throw new SetupError(
      `${archiveName} does not match its checksum: try again, or install nats-server by hand.`,
    );
  }
  mkdirSync(folder, { recursive: true });
  const archivePath = join(folder, archiveName);
  writeFileSync(archivePath, archive);
  const unpacked = await runQuietly("tar", ["-xzf", archivePath, "-C", folder]);
  if (unpacked.code !== 0) throw new SetupError(`${archiveName} can't be unpacked: install tar and gzip.`);
  return join(folder, name, "nats-server");
}

/**
 * @param {string} sums lines of `<hex>  <file name>`
 * @param {string} fileName
 * @returns {string | null} null when the list does not name the file
 */
export function checksumOf(sums, fileName) {
  const rows = sums.split("\n").map((line) => line.trim().split(/\s+\*?/));
  return rows.find(([, name]) => name === fileName)?.[0] ?? null;
}

/** @param {string} url */
async function get(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new SetupError(`${url} answered ${response.status}.`);
  } catch (thrown) {
    if (thrown instanceof SetupError) throw thrown;
    throw new SetupError(`${url} can't be reached.`);
  }
}
