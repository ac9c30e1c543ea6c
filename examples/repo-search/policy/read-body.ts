import type { IncomingMessage } from "node:http";

/**
 * The body of a request as text, or `undefined` when it is longer than `maxBytes`; the rest is then read and dropped,
 * so that the client gets its answer instead of a broken connection.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
  }
  return size <= maxBytes ? Buffer.concat(chunks).toString("utf8") : undefined;
}
