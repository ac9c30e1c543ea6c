import { liveFactsSchema } from "../../../src/job/live-facts.ts";
import type { LiveFacts } from "../../../src/job/live-facts.ts";
import { readStatusUrl } from "../run/status-file.ts";

/** What a run's process said: itself, nothing yet (or nothing any more), or nothing within the time. */
export type StatusAnswer =
  | { readonly kind: "live"; readonly live: LiveFacts }
  | { readonly kind: "not_there" }
  | { readonly kind: "silent" };

/** Above what a status waits for a bus that does not answer. */
const PATIENCE_MS = 10_000;

/** Asks the process that has a run how it stands. An answer of another run, at a port taken over, is none. */
export async function askStatus(
  privateFolder: string,
  jobUid: string,
  patienceMs: number = PATIENCE_MS,
): Promise<StatusAnswer> {
  const url = await readStatusUrl(privateFolder);
  if (url === null) return { kind: "not_there" };
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) return { kind: "not_there" };
    const parsed = liveFactsSchema.safeParse(await response.json());
    const isIt = parsed.success && parsed.data.jobUid === jobUid;
    return isIt ? { kind: "live", live: parsed.data } : { kind: "not_there" };
  } catch {
    return { kind: signal.aborted ? "silent" : "not_there" };
  }
}
