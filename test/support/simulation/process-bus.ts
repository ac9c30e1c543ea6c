import type { Bus, StoredHeaders, StoredMessage, WorkDelivery } from "../../../src/bus/port.ts";
import type { SimProcess } from "./sim-process.ts";

/** The bus as a simulated process has it: every call passes through the process, in both directions. */
export function processBus(process: SimProcess, bus: Bus): Bus {
  return {
    publish: (message) => process.call(() => bus.publish(message)),
    read: (...place) => process.call(() => bus.read(...place)),
    readPage: (...place) => process.call(() => bus.readPage(...place)),
    readLast: (...place) => process.call(() => bus.readLast(...place)),
    pull: (options) =>
      process.call(() =>
        bus.pull({
          ...options,
          onDelivery: (delivery) =>
            process.enter(() => options.onDelivery(processDelivery(process, delivery))),
        }),
      ),
    request: (...request) => process.call(() => bus.request(...request)),
    serve: (filter, handler) =>
      process.call(() =>
        bus.serve(filter, async (payload, subject) => {
          await process.entered();
          const answer = await handler(payload, subject);
          await process.entered();
          return answer;
        }),
      ),
    listen: (filter, handler) =>
      process.call(() =>
        bus.listen(filter, (payload, subject) => process.enter(() => handler(payload, subject))),
      ),
    broadcast: (subject, payload) => {
      if (!process.isDead) bus.broadcast(subject, payload);
    },
    ensureStreams: () => process.call(() => bus.ensureStreams()),
    releaseWork: () => process.call(() => bus.releaseWork()),
    subjects: (...place) => process.call(() => bus.subjects(...place)),
    replayHeaders: (...place) => stepped<StoredHeaders>(process, bus.replayHeaders(...place)),
    follow: (...place) => stepped<StoredMessage>(process, bus.follow(...place)),
    purge: (...place) => process.call(() => bus.purge(...place)),
    streamState: (stream) => process.call(() => bus.streamState(stream)),
    silentStreams: () => bus.silentStreams(),
    onStatus: (handler) => bus.onStatus((status) => process.enter(() => handler(status))),
    close: () => process.call(() => bus.close()),
  };
}

async function* stepped<T>(process: SimProcess, source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await process.call(() => iterator.next());
    if (next.done === true) return;
    yield next.value;
  }
}

function processDelivery(process: SimProcess, delivery: WorkDelivery): WorkDelivery {
  const { subject, payload, headers, deliveries } = delivery;
  return {
    subject,
    payload,
    headers,
    deliveries,
    working: () => {
      if (!process.isDead) delivery.working();
    },
    ack: () => process.call(() => delivery.ack()),
    nak: (delayMs) => process.call(() => delivery.nak(delayMs)),
  };
}
