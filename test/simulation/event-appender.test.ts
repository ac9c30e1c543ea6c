import { describe, expect, it } from "vitest";
import { RollyardError } from "../../src/errors/rollyard-error.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { EMPTY_DIGEST } from "../../src/rollout/digest.ts";
import { EventAppender } from "../../src/rollout/event-appender.ts";
import { newEvent } from "../../src/rollout/events.ts";
import type { RolloutEvent } from "../../src/rollout/events.ts";
import { foldRollout } from "../../src/rollout/fold.ts";
import { textOf } from "../../src/rollout/inline-text.ts";
import { decodeLogMessage } from "../../src/rollout/log-message.ts";
import { readRollout } from "../../src/rollout/read-rollout.ts";
import { FakeBus } from "../support/bus/fake-bus.ts";
import type { FakeBusFaults, PublishFault } from "../support/bus/fake-faults.ts";

const PARTS = { namespace: "ns", jobUid: "0123456789ab", itemIndex: 0, sampleIndex: 0 };
const SUBJECT = "rollyard.events.ns.0123456789ab.0-0";

function opening(question = "what?"): RolloutEvent {
  return newEvent(1, {
    case: "rolloutStarted",
    value: { rolloutId: "r", itemJson: textOf(JSON.stringify({ question })), messagesJson: textOf("[]") },
  });
}
const attached = (driver: string): RolloutEvent =>
  newEvent(2, { case: "driverAttached", value: { driver, nonce: driver } });

/** A bus on which the given faults happen to the first publishes to the log, in order. */
function busWith(replicas: 1 | 3, faults: (PublishFault | undefined)[]): FakeBus {
  const onPublish: FakeBusFaults["onPublish"] = (_client, { subject }) =>
    subject === SUBJECT ? faults.shift() : undefined;
  return new FakeBus({ replicas, faults: { onPublish }, publishTimeoutMs: 50, commitMs: 1 });
}

function appenderOn(bus: FakeBus, name: string, lastSequence = 0, onFenced?: () => void): EventAppender {
  const store = bus.connect(name);
  const signal = new AbortController().signal;
  return new EventAppender(
    { store, clock: systemClock, signal, ...(onFenced === undefined ? {} : { onFenced }) },
    {
      subject: SUBJECT,
      jobUid: PARTS.jobUid,
      nonce: name,
      position: { attempt: 0, messages: 0, digest: EMPTY_DIGEST },
      lastSequence,
    },
  );
}

describe.each([1, 3] as const)("appending to a rollout's log, with %i servers", (replicas) => {
  it.each([
    ["lost on the way", "lost_before"],
    ["stored with its answer lost", "lost_after"],
    ["refused while another publish is in flight", "in_flight"],
    ["refused for space", "full"],
  ] as const)("stores a message once that was %s", async (_name, fault) => {
    const bus = busWith(replicas, [fault, fault]);
    const appender = appenderOn(bus, "a");
    await appender.append([opening(), attached("a")]);
    await appender.append([attached("a")]);
    const state = foldRollout(bus.stream("events").log(SUBJECT).map(decodeLogMessage));
    expect(state.messages).toBe(2);
    expect(state.attempts[0]?.attachesSinceTurn).toBe(2);
    bus.stop();
  });

  it("puts what is appended in one tick into one message", async () => {
    const bus = busWith(replicas, []);
    const appender = appenderOn(bus, "a");
    const sequences = await Promise.all([appender.append([opening()]), appender.append([attached("a")])]);
    expect(new Set(sequences).size).toBe(1);
    expect(bus.stream("events").log(SUBJECT)).toHaveLength(1);
    bus.stop();
  });

  it("is fenced by another writer, says so once, and stores nothing any more", async () => {
    const bus = busWith(replicas, []);
    let fenced = 0;
    const old = appenderOn(bus, "old", 0, () => (fenced += 1));
    const sequence = await old.append([opening(), attached("old")]);
    const next = new EventAppender(
      { store: bus.connect("new"), clock: systemClock, signal: new AbortController().signal },
      {
        subject: SUBJECT,
        jobUid: PARTS.jobUid,
        nonce: "new",
        position: positionOf(bus),
        lastSequence: sequence,
      },
    );
    await next.append([attached("new")]);
    const refused = old.append([attached("old")]);
    await expect(refused).rejects.toMatchObject({ code: "log_conflict" });
    await expect(old.append([attached("old")])).rejects.toBeInstanceOf(RollyardError);
    expect(fenced).toBe(1);
    expect(bus.stream("events").log(SUBJECT)).toHaveLength(2);
    bus.stop();
  });

  it("goes on behind a message that is no writer's, and readers count it as void", async () => {
    const bus = busWith(replicas, []);
    const appender = appenderOn(bus, "a");
    await appender.append([opening(), attached("a")]);
    bus.inject(SUBJECT, new TextEncoder().encode("{}"));
    await appender.append([attached("a")]);
    const state = foldRollout(bus.stream("events").log(SUBJECT).map(decodeLogMessage));
    expect(state).toMatchObject({ voidMessages: 1, messages: 2 });
    bus.stop();
  });

  it("recognises its own message below one that is no writer's", async () => {
    const bus = busWith(replicas, [undefined, "lost_after"]);
    const appender = appenderOn(bus, "a");
    await appender.append([opening(), attached("a")]);
    const second = appender.append([attached("a")]);
    while (bus.stream("events").log(SUBJECT).length < 2) await systemClock.sleep(1);
    bus.inject(SUBJECT, new TextEncoder().encode("{}"));
    const own = bus.stream("events").log(SUBJECT)[1];
    expect(await second).toBe(own?.sequence);
    await appender.append([attached("a")]);
    const state = foldRollout(bus.stream("events").log(SUBJECT).map(decodeLogMessage));
    expect(state).toMatchObject({ voidMessages: 1, messages: 3 });
    bus.stop();
  });

  it("moves a long text into a blob that readers fetch", async () => {
    const bus = busWith(replicas, []);
    const question = "ü".repeat(200_000);
    await appenderOn(bus, "a").append([opening(question), attached("a")]);
    const [message] = bus.stream("events").log(SUBJECT);
    expect(message?.payload.length).toBeLessThan(1000);
    const state = await readRollout(bus.connect("reader"), PARTS);
    expect(state.attempts[0]?.item["question"]).toBe(question);
    bus.stop();
  });

  it("refuses a log whose bytes were changed", async () => {
    const bus = busWith(replicas, []);
    await appenderOn(bus, "a").append([opening(), attached("a")]);
    const [message] = bus.stream("events").log(SUBJECT).map(decodeLogMessage);
    if (message === undefined) throw new Error("nothing stored");
    const changed = { ...message, payload: new Uint8Array([...message.payload, 0]) };
    expect(() => foldRollout([changed])).toThrow(RollyardError);
    bus.stop();
  });
});

function positionOf(bus: FakeBus): ConstructorParameters<typeof EventAppender>[1]["position"] {
  const { messages, digest } = foldRollout(bus.stream("events").log(SUBJECT).map(decodeLogMessage));
  return { attempt: 0, messages, digest };
}
