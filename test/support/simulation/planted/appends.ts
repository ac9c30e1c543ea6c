import { HEADERS } from "../../../../src/bus/port.ts";
import type { Bus, OutgoingMessage, PublishResult, StoredMessage } from "../../../../src/bus/port.ts";
import { EventBatchSchema } from "../../../../src/gen/rollyard/v1/events_pb.ts";
import { fromBinary } from "@bufbuild/protobuf";
import type { Plant } from "../plant.ts";
import { busWith } from "./bus-wrapper.ts";

const EVENTS = "rollyard.events.";
const isLogged = ({ subject }: OutgoingMessage): boolean =>
  subject.startsWith(EVENTS) || subject.startsWith("rollyard.outcomes.");

/** Appends that expect no sequence: whoever writes last is believed. */
export const noExpectedSequence: Plant = {
  bus: (bus) =>
    busWith(bus, {
      publish: (message) => {
        if (!isLogged(message)) return bus.publish(message);
        const { expectedLastSequence: _, ...rest } = message;
        return bus.publish(rest);
      },
    }),
};

/** "Another publish is in flight" is read as "another driver has taken over". */
export const inFlightIsFenced: Plant = {
  bus: (bus) => {
    const fenced = new Set<string>();
    return busWith(bus, {
      publish: async (message) => {
        const result = await bus.publish(message);
        if (result.kind === "in_flight" && message.subject.startsWith(EVENTS)) fenced.add(message.subject);
        return result;
      },
      readLast: async (stream, subject, options) => {
        const last = await bus.readLast(stream, subject, options);
        if (!fenced.delete(subject)) return last;
        const other = { subject, sequence: (last?.sequence ?? 0) + 1, payload: new Uint8Array() };
        return { ...other, headers: { [HEADERS.append]: "somebody:1" }, storedAtMs: 0 };
      },
    });
  },
};

/**
 * Appends carry a message id, and `duplicate: true` counts as stored. Three servers look at the id first, also at that
 * of a message that they refused.
 */
export const duplicateIsSuccess: Plant = {
  bus: (bus, _process, world) => {
    const seen = new Map<string, Set<string>>();
    return busWith(bus, {
      publish: async (message) => {
        const id = message.headers?.[HEADERS.append];
        if (!isLogged(message) || id === undefined) return bus.publish(message);
        const ids = seen.get(message.subject) ?? new Set();
        seen.set(message.subject, ids);
        if (ids.has(id) && world.schedule.shape.replicas === 3) {
          const last = await bus.readLast(
            message.subject.startsWith(EVENTS) ? "events" : "outcomes",
            message.subject,
            { fromLeader: true },
          );
          return { kind: "stored", sequence: last?.sequence ?? 0 };
        }
        ids.add(id);
        return bus.publish(message);
      },
    });
  },
};

/** A worker goes on to a tool while the record of its call is still on its way. */
export const toolBeforeRecord: Plant = {
  bus: (bus, process) => {
    if (process.part !== "worker") return bus;
    const late = new LateRecords(bus);
    return busWith(bus, {
      publish: async (message): Promise<PublishResult> => {
        if (!message.subject.startsWith(EVENTS)) return bus.publish(message);
        return {
          kind: "stored",
          sequence: asksForTools(message) ? late.sent(message) : await late.send(message),
        };
      },
    });
  },
};

/** Says that a message is stored while it is on its way, under a made-up sequence that later messages may expect. */
class LateRecords {
  readonly #bus: Bus;
  /** Below zero, so that none is a real one. */
  readonly #sequences = new Map<number, Promise<number>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  sent(message: OutgoingMessage): number {
    const madeUp = -1 - this.#sequences.size;
    this.#sequences.set(madeUp, this.send(message));
    return madeUp;
  }

  async send(message: OutgoingMessage): Promise<number> {
    const expected = message.expectedLastSequence ?? 0;
    const expectedLastSequence = (await this.#sequences.get(expected)) ?? expected;
    for (;;) {
      const result = await this.#bus.publish({ ...message, expectedLastSequence });
      if (result.kind === "stored") return result.sequence;
      const last = await this.#bus.readLast("events", message.subject, { fromLeader: true });
      if (last !== null && last.headers[HEADERS.append] === message.headers?.[HEADERS.append])
        return last.sequence;
      // Fenced: this writer never hears of it.
      if (sequenceOf(last) !== expectedLastSequence) return new Promise(() => undefined);
    }
  }
}

function sequenceOf(last: StoredMessage | null): number {
  return last === null ? 0 : last.sequence;
}

function asksForTools({ payload }: OutgoingMessage): boolean {
  return fromBinary(EventBatchSchema, payload).events.some(({ kind }) => kind.case === "toolCalled");
}
