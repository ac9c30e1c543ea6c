import type { IncomingMessage } from "node:http";
import { RollyardError } from "../errors/rollyard-error.ts";

const MIB = 1024 * 1024;

/**
 * The whole body of a request as JSON. Throws `request_too_large`, with the sentence if one is given, as soon as it is, and
 * `bad_input` for what is no JSON.
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number,
  sentence = tooLargeText(maxBytes),
): Promise<unknown> {
  requireSize(request, maxBytes, sentence);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) throw tooLarge(sentence);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch (cause) {
    throw new RollyardError("bad_input", { message: "The body is not valid JSON.", cause });
  }
}

/** Throws `request_too_large` for a body that says so itself. */
export function requireSize(
  { headers }: IncomingMessage,
  maxBytes: number,
  sentence = tooLargeText(maxBytes),
): void {
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(sentence);
}

/**
 * Reads on for a moment, and throws away what comes: who is still sending hears the answer only when it is not cut off in the
 * middle.
 */
export async function discardRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  let left = DISCARDED_BYTES;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, DISCARD_MS);
  request.on("data", (part: Buffer) => {
    left -= part.length;
    if (left <= 0) resolve();
  });
  request
    .once("end", resolve)
    .once("close", resolve)
    .once("error", () => resolve());
  await promise;
  clearTimeout(timer);
}

const DISCARDED_BYTES = 32 * MIB;
const DISCARD_MS = 3000;

function tooLarge(message: string): RollyardError {
  return new RollyardError("request_too_large", { message });
}

function tooLargeText(maxBytes: number): string {
  return `The body is larger than the ${Math.floor(maxBytes / MIB)} MiB that this gateway takes of it. Make the job first and upload its rows, or name them by dataset.url.`;
}
