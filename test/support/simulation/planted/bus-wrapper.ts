import type { Bus } from "../../../../src/bus/port.ts";

/** A bus that does some things differently. */
export function busWith(bus: Bus, other: Partial<Bus>): Bus {
  return {
    publish: (message) => bus.publish(message),
    read: (...place) => bus.read(...place),
    readPage: (...place) => bus.readPage(...place),
    readLast: (...place) => bus.readLast(...place),
    pull: (options) => bus.pull(options),
    request: (...request) => bus.request(...request),
    serve: (...serving) => bus.serve(...serving),
    broadcast: (...notice) => bus.broadcast(...notice),
    listen: (...listening) => bus.listen(...listening),
    ensureStreams: () => bus.ensureStreams(),
    releaseWork: () => bus.releaseWork(),
    subjects: (...place) => bus.subjects(...place),
    replayHeaders: (...place) => bus.replayHeaders(...place),
    follow: (...place) => bus.follow(...place),
    purge: (...place) => bus.purge(...place),
    streamState: (stream) => bus.streamState(stream),
    silentStreams: () => bus.silentStreams(),
    onStatus: (handler) => bus.onStatus(handler),
    close: () => bus.close(),
    ...other,
  };
}
