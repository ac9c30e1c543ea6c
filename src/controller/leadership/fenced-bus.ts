import type { Bus } from "../../bus/port.ts";
import type { LeaderFence } from "./leader-fence.ts";

/**
 * The same bus, over which only a leader publishes, purges and takes work, and on which only a leader answers: a claim
 * that a leader of before answered would be answered from memory that is no longer true. Reading is everybody's.
 */
export function fencedBus(bus: Bus, fence: LeaderFence): Bus {
  return {
    ...reading(bus),
    publish: async (message) => {
      fence.check();
      return bus.publish(message);
    },
    pull: async (options) => {
      fence.check();
      return bus.pull(options);
    },
    serve: (filter, handler) =>
      bus.serve(filter, async (payload, subject) => {
        fence.check();
        const answer = await handler(payload, subject);
        fence.check();
        return answer;
      }),
    broadcast: (subject, payload) => {
      fence.check();
      bus.broadcast(subject, payload);
    },
    ensureStreams: async () => {
      fence.check();
      return bus.ensureStreams();
    },
    releaseWork: async () => {
      fence.check();
      return bus.releaseWork();
    },
    purge: async (stream, filter) => {
      fence.check();
      return bus.purge(stream, filter);
    },
  };
}

type Reading = Omit<
  Bus,
  "publish" | "pull" | "serve" | "broadcast" | "ensureStreams" | "releaseWork" | "purge"
>;

function reading(bus: Bus): Reading {
  return {
    read: (...args) => bus.read(...args),
    readPage: (...args) => bus.readPage(...args),
    readLast: (...args) => bus.readLast(...args),
    request: (...args) => bus.request(...args),
    listen: (...args) => bus.listen(...args),
    subjects: (...args) => bus.subjects(...args),
    replayHeaders: (...args) => bus.replayHeaders(...args),
    follow: (...args) => bus.follow(...args),
    streamState: (...args) => bus.streamState(...args),
    silentStreams: () => bus.silentStreams(),
    onStatus: (handler) => bus.onStatus(handler),
    close: () => bus.close(),
  };
}
