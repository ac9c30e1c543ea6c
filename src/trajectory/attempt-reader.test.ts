import { describe, expect, it } from "vitest";
import { InstantClock } from "../../test/support/grader/instant-clock.ts";
import { MemoryLogStore } from "../../test/support/grader/memory-log-store.ts";
import { gradedAttempt, JOB } from "../../test/support/trajectory/ended-attempts.ts";
import type { LogStore } from "../bus/port.ts";
import { silentLogger } from "../lib/logger.ts";
import { AttemptReader } from "./attempt-reader.ts";

const readerOf = (store: LogStore): AttemptReader =>
  new AttemptReader({
    store,
    clock: new InstantClock(),
    logger: silentLogger,
    job: JOB,
    signal: new AbortController().signal,
  });
const attempt = { place: { itemIndex: 3, sampleIndex: 1 }, reward: 0.5 };

describe("reading an attempt that may be removed meanwhile", () => {
  it("gives one that is there, as it is otherwise read", async () => {
    const store = new MemoryLogStore();
    const { outcome } = gradedAttempt(store, attempt);
    const reader = readerOf(store);
    expect(await reader.readUnlessGone(outcome)).toEqual(await reader.read(outcome));
  });

  it("gives nothing once its outcome is gone", async () => {
    const { outcome } = gradedAttempt(new MemoryLogStore(), attempt);
    expect(await readerOf(new MemoryLogStore()).readUnlessGone(outcome)).toBeNull();
  });

  it("gives nothing when its log, and then its outcome, goes while it is read", async () => {
    const store = new MemoryLogStore();
    const { outcome } = gradedAttempt(store, attempt);
    const [empty, reads] = [new MemoryLogStore(), { outcomes: 0 }];
    const leaving: LogStore = {
      publish: (message) => store.publish(message),
      read: (...asked) => (asked[0] === "outcomes" ? store : empty).read(...asked),
      readLast: (stream, subject) => {
        if (stream === "outcomes") reads.outcomes += 1;
        return (stream === "outcomes" && reads.outcomes === 1 ? store : empty).readLast(stream, subject);
      },
    };
    expect(await readerOf(leaving).readUnlessGone(outcome)).toBeNull();
  });

  it("waits for one that a replica does not have yet", async () => {
    const store = new MemoryLogStore();
    const { outcome } = gradedAttempt(store, attempt);
    const [empty, reads] = [new MemoryLogStore(), { replica: 0 }];
    const lagging: LogStore = {
      publish: (message) => store.publish(message),
      read: (...asked) => (reads.replica > 2 ? store : empty).read(...asked),
      readLast: (stream, subject, options) => {
        const isLeader = options?.fromLeader === true;
        reads.replica += isLeader ? 0 : 1;
        return (isLeader || reads.replica > 2 ? store : empty).readLast(stream, subject);
      },
    };
    expect(await readerOf(lagging).readUnlessGone(outcome)).toMatchObject({ outcome: { reward: 0.5 } });
  });
});
