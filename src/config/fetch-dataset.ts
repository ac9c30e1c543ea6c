import { createHash } from "node:crypto";
import { RollyardError } from "../errors/rollyard-error.ts";

/** Gets the bytes behind a URL, checked against their SHA-256 (64 lower-case hex digits). */
export type FetchDataset = (url: string, sha256: string) => Promise<Uint8Array>;

/** The longest that a download may take. */
const TIMEOUT_MS = 300_000;

/**
 * Downloads over http(s), following redirects.
 * Throws `dataset_not_found` when the server does not give it, `dataset_invalid` when the bytes are others.
 */
export const fetchDataset: FetchDataset = async (url, sha256) => {
  const bytes = await download(url);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found === sha256) return bytes;
  throw new RollyardError("dataset_invalid", { message: `has another SHA-256: ${found}` });
};

async function download(url: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new RollyardError("dataset_not_found", { message: "can't be downloaded: no answer", cause });
  }
  await response.body?.cancel();
  throw new RollyardError("dataset_not_found", {
    message: `can't be downloaded: the server answers ${response.status}`,
    details: { status: response.status },
  });
}
