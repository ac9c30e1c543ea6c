import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";

/** Addresses of a name, or null for a name that there is not. */
export type Lookup = (name: string) => readonly string[] | null;

const HEADER_BYTES = 12;
const TYPE_A = 1;
const TTL_SECONDS = 1;
const NO_SUCH_NAME = 3;

/**
 * Starts a name server for pods, of IPv4 and UDP. Resolves with what ends it.
 * Source: https://www.rfc-editor.org/rfc/rfc1035#section-4
 */
export async function startDns(address: string, lookup: Lookup): Promise<() => Promise<void>> {
  const socket: Socket = createSocket("udp4");
  socket.on("message", (query, { port, address: from }) => {
    const answer = answerOf(query, lookup);
    if (answer !== null) socket.send(answer, port, from);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(53, address, resolve);
  });
  return () => new Promise((resolve) => socket.close(() => resolve()));
}

/** The answer to a query of one question; null for what is none. */
function answerOf(query: Buffer, lookup: Lookup): Buffer | null {
  const question = questionOf(query);
  if (question === null) return null;
  const found = lookup(question.name.toLowerCase());
  const addresses = question.type === TYPE_A ? (found ?? []) : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  // An answer with authority; recursion is as wanted as it was, and there.
  header.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100) | (found === null ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  const asked = query.subarray(HEADER_BYTES, question.end);
  return Buffer.concat([header, asked, ...addresses.map(recordOf)]);
}

function questionOf(
  query: Buffer,
): { readonly name: string; readonly type: number; readonly end: number } | null {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at]; length !== undefined && length !== 0; length = query[at]) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  return query.length < end ? null : { name: labels.join("."), type: query.readUInt16BE(at + 1), end };
}

function recordOf(address: string): Buffer {
  const record = Buffer.alloc(16);
  // The name is that of the question.
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_SECONDS, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split(".").map(Number)).copy(record, 12);
  return record;
}
