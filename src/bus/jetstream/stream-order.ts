import { toRollyardError } from "../../errors/rollyard-error.ts";
import { AsyncQueue } from "../async-queue.ts";
import type { StoredHeaders, StoredMessage } from "../port.ts";
import type { BusConnection } from "./connection.ts";
import { OrderedReader } from "./ordered-reader.ts";
import type { OrderedRead } from "./ordered-reader.ts";

const FOLLOW_PULL_MS = 30_000;
const RETRY_MS = 1000;

/**
 * All messages under a filter up to `lastSequence`, without payloads.
 * Throws `bus_unavailable`, `bus_forbidden`.
 */
export async function* replay(
  connection: BusConnection,
  read: OrderedRead,
  lastSequence: number,
): AsyncGenerator<StoredHeaders, void, undefined> {
  const reader = new OrderedReader(connection, read);
  try {
    for (let isDone = false; !isDone;) {
      const batch: StoredHeaders[] = [];
      const isDrained = await reader.pull(0, (message) => batch.push(withoutPayload(message)));
      isDone = isDrained || (batch.at(-1)?.sequence ?? 0) >= lastSequence;
      yield* batch.filter(({ sequence }) => sequence <= lastSequence);
    }
  } finally {
    await reader.close();
  }
}

function withoutPayload({ subject, sequence, headers, storedAtMs }: StoredMessage): StoredHeaders {
  return { subject, sequence, headers, storedAtMs };
}

/** Messages under a filter as they are stored, through any number of outages, until the signal aborts. */
export async function* follow(
  connection: BusConnection,
  read: OrderedRead,
  signal: AbortSignal,
): AsyncGenerator<StoredMessage, void, undefined> {
  const queue = new AsyncQueue<StoredMessage>();
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
    queue.close();
  };
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  const pulling = pullAlong(connection, read, { queue, signal: stop.signal });
  try {
    yield* queue.take();
  } finally {
    signal.removeEventListener("abort", end);
    end();
    await pulling;
  }
}

/** Pulls into the queue; asks for more only when all of it was taken. */
async function pullAlong(
  connection: BusConnection,
  read: OrderedRead,
  to: { readonly queue: AsyncQueue<StoredMessage>; readonly signal: AbortSignal },
): Promise<void> {
  const reader = new OrderedReader(connection, read);
  while (!to.signal.aborted && !connection.isClosed) {
    try {
      await reader.pull(FOLLOW_PULL_MS, (message) => to.queue.push(message), to.signal);
      await to.queue.whenEmpty();
    } catch (error) {
      connection.options.logger.warn("following a stream failed", { code: toRollyardError(error).code });
      await connection.options.clock.sleep(RETRY_MS, to.signal);
    }
  }
  to.queue.close();
  await reader.close();
}
