import type { Msg, MsgHdrs } from "nats";

import { RollyardError } from "../../errors/rollyard-error.ts";
import type { BusHeaders, StoredMessage } from "../port.ts";
import { isNoResponders } from "./request.ts";

/** Headers that the server keeps or adds for itself. */
const SERVER_PREFIX = "Nats-";

/** A message as direct get answers it: the server adds subject, sequence and time as headers (ADR-31). */
export function fromDirectGet(message: Msg): StoredMessage {
  const headers = message.headers;
  if (headers === undefined) {
    throw new RollyardError("internal", { message: "The bus answered a direct get without headers." });
  }
  return {
    subject: lastHeader(headers, "Nats-Subject"),
    sequence: Number(lastHeader(headers, "Nats-Sequence")),
    payload: message.data,
    headers: ownHeaders(headers),
    storedAtMs: Date.parse(lastHeader(headers, "Nats-Time-Stamp")),
  };
}

/**
 * The status of a direct get's answer, or 0 for a message. A stored message may itself begin with a status line
 * (its publisher's doing), so only an answer without the server's own sequence header is a status; the subject
 * header would not do, for newer servers put it on "no responders" too.
 * Throws `internal` for a status that means a bad request.
 */
export function directStatus(reply: Msg): number {
  const code = reply.headers?.code ?? 0;
  if (code === 0 || reply.headers?.has("Nats-Sequence") === true) return 0;
  if (code === 404 || code === 204 || isNoResponders(reply)) return code;
  throw new RollyardError("internal", {
    message: "The bus refused a direct get.",
    details: { status: code },
  });
}

/**
 * The server's value of a header. It appends its own after what the publisher set, so the last one counts:
 * a hostile publisher may have stored a `Nats-Sequence` of its own.
 */
export function lastHeader(headers: MsgHdrs, name: string): string {
  return headers.last(name);
}

/** A publisher's headers without the server's; the first value of each name. */
export function ownHeaders(headers: MsgHdrs | undefined): BusHeaders {
  const own: Record<string, string> = {};
  if (headers === undefined) return own;
  for (const [name, values] of headers) {
    if (!name.startsWith(SERVER_PREFIX)) own[name] = values[0] ?? "";
  }
  return own;
}
