import type { Msg } from "nats";

import { toRollyardError } from "../../errors/rollyard-error.ts";
import type { RequestResult, Subscription } from "../port.ts";
import { forbidden } from "./connection.ts";
import type { BusConnection } from "./connection.ts";
import { requestOnce } from "./request.ts";

/** A request that is stored nowhere; a lost connection is a timeout. Throws `bus_forbidden`. */
export async function request(
  connection: BusConnection,
  subject: string,
  about: { readonly payload: Uint8Array; readonly timeoutMs: number },
): Promise<RequestResult> {
  const startedMs = connection.options.clock.monotonicMs();
  if (!(await connection.whenConnected(about.timeoutMs))) return { kind: "timeout" };
  const waitedMs = connection.options.clock.monotonicMs() - startedMs;
  const timeoutMs = Math.max(1, about.timeoutMs - waitedMs);
  const reply = await requestOnce(connection, { subject, payload: about.payload, timeoutMs });
  if (reply.kind === "reply") return { kind: "reply", payload: reply.message.data };
  return reply.kind === "disconnected" ? { kind: "timeout" } : reply;
}

/** Answers requests. A handler that throws leaves the request unanswered. Throws `bus_forbidden`. */
export function serve(
  connection: BusConnection,
  filter: string,
  handler: (payload: Uint8Array, subject: string) => Promise<Uint8Array>,
): Promise<Subscription> {
  return subscribe(connection, filter, (message) => void answer(connection, message, handler));
}

/** Hears broadcasts. Throws `bus_forbidden`. */
export function listen(
  connection: BusConnection,
  filter: string,
  handler: (payload: Uint8Array, subject: string) => void,
): Promise<Subscription> {
  return subscribe(connection, filter, (message) => handler(message.data, message.subject));
}

async function answer(
  connection: BusConnection,
  message: Msg,
  handler: (payload: Uint8Array, subject: string) => Promise<Uint8Array>,
): Promise<void> {
  const { losses } = connection;
  try {
    const reply = await handler(message.data, message.subject);
    // The server lets a reply only through the connection that the request came by; who asked asks again.
    if (connection.losses === losses) message.respond(reply);
  } catch (error) {
    connection.options.logger.error("request handler failed", { code: toRollyardError(error).code });
  }
}

/** Subscribes and waits until the server has it, so that what follows is heard, and a refusal is known. */
async function subscribe(
  connection: BusConnection,
  filter: string,
  onMessage: (message: Msg) => void,
): Promise<Subscription> {
  let isForbidden = false;
  const take = connection.guard((error: Error | null, message: Msg) => {
    if (error === null) onMessage(message);
    else isForbidden = true;
  });
  const subscription = connection.nats.subscribe(filter, { callback: take });
  await connection.flush();
  if (isForbidden) throw forbidden(filter);
  return {
    stop: async () => {
      subscription.unsubscribe();
      await connection.flush();
    },
  };
}
