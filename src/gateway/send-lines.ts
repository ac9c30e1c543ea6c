import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { toRollyardError } from "../errors/rollyard-error.ts";

/** What sending lines tells. */
export interface LineObserver {
  readonly onSent: () => void;
  /** The lines broke off after the answer had begun. */
  readonly onError: (code: string) => void;
}

/**
 * Answers 200 with a JSON object a line, as fast as the reader takes them: while it takes none, none is made. An error in the
 * middle is the last line, for the status was sent. Resolves when all was sent, or the reader has gone.
 */
export async function sendLines(
  response: ServerResponse,
  lines: AsyncIterable<object>,
  { onSent, onError }: LineObserver,
): Promise<void> {
  response.writeHead(200, {
    "content-type": "application/x-ndjson",
    "cache-control": "no-store",
    // Proxies that gather an answer before they pass it on would hide its lines.
    "x-accel-buffering": "no",
  });
  response.flushHeaders();
  try {
    for await (const line of lines) {
      if (response.destroyed) return;
      onSent();
      if (!response.write(`${JSON.stringify(line)}\n`)) await untilRead(response);
    }
  } catch (thrown) {
    if (response.destroyed) return;
    const { code, message } = toRollyardError(thrown);
    onError(code);
    response.write(`${JSON.stringify({ type: "error", error: { code, message } })}\n`);
  }
  response.end();
}

async function untilRead(response: ServerResponse): Promise<void> {
  if (response.destroyed) return;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once("close", onClose);
  try {
    await once(response, "drain", { signal: gone.signal });
  } catch {
    // It has gone; the caller sees that by itself.
  } finally {
    response.off("close", onClose);
  }
}
