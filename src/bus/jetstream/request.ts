import type { Msg } from "nats";

import { OVER } from "../../lib/over.ts";
import type { RequestResult } from "../port.ts";
import { forbidden } from "./connection.ts";
import type { BusConnection } from "./connection.ts";

/** What came back for one request. */
export type RawReply =
  | { readonly kind: "reply"; readonly message: Msg }
  | Exclude<RequestResult, { readonly kind: "reply" }>
  | { readonly kind: "disconnected" };

/** One request to send. */
export interface RawRequest {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly timeoutMs: number;
}

/** Sends one request now and waits for one reply. Throws `bus_forbidden`. */
export async function requestOnce(connection: BusConnection, request: RawRequest): Promise<RawReply> {
  if (!connection.isConnected) return { kind: "disconnected" };
  const { inbox, nats, options } = connection;
  const done = new AbortController();
  let outcome: RawReply = { kind: "timeout" };
  let isForbidden = false;
  const token = inbox.open({
    subject: request.subject,
    onReply: (message) => {
      outcome = isNoResponders(message) ? { kind: "no_responders" } : { kind: "reply", message };
      done.abort(OVER);
    },
    onLost: (reason) => {
      isForbidden = reason === "forbidden";
      outcome = { kind: "disconnected" };
      done.abort(OVER);
    },
  });
  try {
    nats.publish(request.subject, request.payload, { reply: inbox.replySubject(token) });
    await options.clock.sleep(request.timeoutMs, done.signal);
  } finally {
    inbox.close(token);
  }
  if (isForbidden) throw forbidden(request.subject);
  return outcome;
}

/** Whether the server says that nobody listens on the subject; a stored message that looks like it has a sequence. */
export function isNoResponders(message: Msg): boolean {
  return message.data.length === 0 && message.headers?.code === 503 && !message.headers.has("Nats-Sequence");
}
