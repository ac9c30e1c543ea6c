import { setTimeout as sleep } from "node:timers/promises";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { leasedSandboxes } from "../../../src/trainer/simulation/leased-sandboxes.ts";

const ASK_EVERY_MS = 1000;
const PATIENCE_MS = 5000;

/** Leased sandboxes now, summed over the pages. Throws `bad_input` when no page tells. */
export async function readLeased(urls: readonly string[]): Promise<number> {
  const told = (await Promise.all(urls.map(readPage))).flatMap((page) => {
    const leased = page === null ? null : leasedSandboxes(page);
    return leased === null ? [] : [leased];
  });
  if (told.length > 0) return told.reduce((sum, leased) => sum + leased, 0);
  throw new RollyardError("bad_input", {
    message:
      "--metrics: no page has rollyard_sandboxes; give the metrics of the controller, or of rollyard serve.",
  });
}

/** Waits until no more sandboxes are leased than before; answers how many are left over after that many seconds. */
export async function waitForLeases(
  urls: readonly string[],
  { before, seconds }: { readonly before: number; readonly seconds: number },
): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  for (;;) {
    const left = (await readLeased(urls)) - before;
    if (left <= 0 || performance.now() > endMs) return Math.max(0, left);
    await sleep(ASK_EVERY_MS);
  }
}

async function readPage(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}
