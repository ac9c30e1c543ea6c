import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { HEADERS } from "../../../../src/bus/port.ts";
import type { Bus, StoredHeaders, StoredMessage } from "../../../../src/bus/port.ts";
import { outcomesSubject } from "../../../../src/bus/subjects.ts";
import { ClaimRequestSchema, DriverAnswerSchema } from "../../../../src/gen/rollyard/v1/requests_pb.ts";
import type { Plant } from "../plant.ts";
import { IDENTITY } from "../world-specs.ts";
import { busWith } from "./bus-wrapper.ts";

/** Work is acknowledged when it is taken, not when its next step is stored. */
export const ackBeforeStore: Plant = {
  bus: (bus) =>
    busWith(bus, {
      pull: (options) =>
        bus.pull({
          ...options,
          onDelivery: (delivery) => {
            void delivery.ack();
            options.onDelivery(delivery);
          },
        }),
    }),
};

/** Another driver is fenced without being asked whether it lives. */
export const takeoverUnasked: Plant = {
  bus: (bus) =>
    busWith(bus, {
      request: async (subject, ...rest) => {
        if (!subject.startsWith("rollyard.driver.")) return bus.request(subject, ...rest);
        const payload = toBinary(DriverAnswerSchema, create(DriverAnswerSchema, { state: "free" }));
        return { kind: "reply", payload };
      },
    }),
};

/** Claims name no epoch, so that every driver of an attempt has an equally good token. */
export const tokenWithoutEpoch: Plant = {
  bus: (bus) =>
    busWith(bus, {
      request: (subject, payload, timeoutMs) => {
        if (!subject.startsWith("rollyard.claims.")) return bus.request(subject, payload, timeoutMs);
        const claim = fromBinary(ClaimRequestSchema, payload);
        claim.epoch = 0n;
        return bus.request(subject, toBinary(ClaimRequestSchema, claim), timeoutMs);
      },
    }),
};

/** The controller records that an attempt failed, and leaves its log open to whoever drives it. */
export const outcomeWithoutSeal: Plant = {
  bus: (bus, process) => {
    if (process.part !== "controller") return bus;
    return busWith(bus, {
      publish: async (message) => {
        if (!message.subject.startsWith("rollyard.events.")) return bus.publish(message);
        return { kind: "stored", sequence: (message.expectedLastSequence ?? 0) + 1 };
      },
    });
  },
};

/** The controller takes a long silence for a failure, and dispatches the next attempt without a record of it. */
export const retryWithoutRecord: Plant = {
  bus: (bus, process, world) => {
    if (process.part !== "controller") return bus;
    return busWith(bus, {
      follow: (stream, filter, options) => {
        const impatient = async function* (): AsyncGenerator<StoredMessage> {
          await world.clock.sleep(20_000, options.signal);
          const subject = outcomesSubject({ ...IDENTITY, itemIndex: 0, sampleIndex: 0 });
          const headers = {
            [HEADERS.append]: "nobody:1",
            [HEADERS.attempt]: "0",
            [HEADERS.outcome]: "failed",
            [HEADERS.failureClass]: "internal",
            [HEADERS.failureCode]: "internal",
          };
          yield { subject, sequence: 1, payload: new Uint8Array(), headers, storedAtMs: 0 };
        };
        return merged([bus.follow(stream, filter, options), impatient()]);
      },
    });
  },
};

async function* merged<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = new Map(
    sources.map((source) => [source[Symbol.asyncIterator](), null as Promise<Turn<T>> | null]),
  );
  while (iterators.size > 0) {
    for (const [iterator, next] of iterators)
      if (next === null)
        iterators.set(
          iterator,
          iterator.next().then((result) => ({ iterator, result })),
        );
    const { iterator, result } = await Promise.race([...iterators.values()].filter((next) => next !== null));
    if (result.done === true) iterators.delete(iterator);
    else {
      iterators.set(iterator, null);
      yield result.value;
    }
  }
}

interface Turn<T> {
  readonly iterator: AsyncIterator<T>;
  readonly result: IteratorResult<T>;
}

/** A new controller reads outcomes first, then work from its end to its beginning. */
export const rebuildAgainstTheFlow: Plant = {
  bus: (bus, process) => {
    if (process.part !== "controller") return bus;
    let early: {
      readonly work: readonly ReadonlyMap<string, number>[];
      readonly outcomes: readonly StoredHeaders[];
    } | null = null;
    return busWith(bus, {
      subjects: async (stream, filter) => {
        if (stream !== "work") return bus.subjects(stream, filter);
        early ??= await readBackwards(bus, filter);
        const found = early.work.flatMap((subjects) => [...subjects]);
        const kind = filter.split(".")[2];
        return new Map(found.filter(([subject]) => subject.split(".")[2] === kind));
      },
      replayHeaders: async function* (stream, filter, fromSequence) {
        if (stream === "outcomes" && early !== null) yield* early.outcomes;
        else yield* bus.replayHeaders(stream, filter, fromSequence);
      },
    });
  },
};

async function readBackwards(
  bus: Bus,
  filter: string,
): Promise<{ work: readonly ReadonlyMap<string, number>[]; outcomes: readonly StoredHeaders[] }> {
  const outcomes: StoredHeaders[] = [];
  for await (const message of bus.replayHeaders("outcomes", "rollyard.outcomes.>")) outcomes.push(message);
  const work: ReadonlyMap<string, number>[] = [];
  for (const kind of ["settle", "grade", "rollout"])
    work.push(
      await bus.subjects("work", filter.replace(/^rollyard\.work\.[a-z]+/u, `rollyard.work.${kind}`)),
    );
  return { work, outcomes };
}

/** Outcomes go after a minute, as if their stream had a maximum age. */
export const outcomesExpire: Plant = {
  bus: (bus, process, world) => {
    if (process.part === "controller") void expire(world);
    return bus;
  },
};

const MAX_AGE_MS = 60_000;

async function expire({ bus, clock }: Parameters<NonNullable<Plant["bus"]>>[2]): Promise<void> {
  const stream = bus.stream("outcomes");
  for (;;) {
    await clock.sleep(1000);
    for (const { sequence, storedAtMs } of [...stream.under(">", 0)])
      if (storedAtMs < clock.nowMs() - MAX_AGE_MS) stream.remove(sequence);
  }
}
