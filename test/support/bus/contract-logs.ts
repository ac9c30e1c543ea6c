import { expect, test } from "vitest";

import { HEADERS } from "../../../src/bus/port.ts";
import type { Bus, PublishResult } from "../../../src/bus/port.ts";
import { eventsSubject, leaseSubject, outcomesFilter, outcomesSubject } from "../../../src/bus/subjects.ts";
import { SMALL_STREAM_BYTES, bytesOf, freshJob, textOf } from "./contract-context.ts";
import type { ContractContext } from "./contract-context.ts";

const rollout = (): string => eventsSubject({ ...freshJob(), itemIndex: 3, sampleIndex: 1 });

/** Appends in a chain and returns the sequences. */
async function appendAll(bus: Bus, subject: string, texts: readonly string[]): Promise<readonly number[]> {
  const sequences: number[] = [];
  for (const [index, text] of texts.entries()) {
    const expectedLastSequence = sequences.at(-1) ?? 0;
    const headers = { [HEADERS.append]: `nonce:${index}` };
    const result = await bus.publish({ subject, payload: bytesOf(text), headers, expectedLastSequence });
    if (result.kind !== "stored") throw new TypeError(`append ${index} was answered ${result.kind}`);
    sequences.push(result.sequence);
  }
  return sequences;
}

/** Appending and reading one subject's log. */
export function describeLogs({ bus }: ContractContext): void {
  test("each append names the sequence of the one before, and a stale expectation is refused", async () => {
    const subject = rollout();
    const [first = 0, second = 0] = await appendAll(bus(), subject, ["one", "two"]);
    expect(second).toBeGreaterThan(first);
    for (const expectedLastSequence of [0, first, second + 1000]) {
      const result = await bus().publish({ subject, payload: bytesOf("late"), expectedLastSequence });
      expect(result).toEqual({ kind: "wrong_sequence" });
    }
    expect((await bus().read("events", subject)).map(({ payload }) => textOf(payload))).toEqual([
      "one",
      "two",
    ]);
  });

  test("of many appends with the same expectation one is stored", async () => {
    const subject = outcomesSubject({ ...freshJob(), itemIndex: 0, sampleIndex: 0 });
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        bus().publish({ subject, payload: bytesOf(String(index)), expectedLastSequence: 0 }),
      ),
    );
    const kinds = results.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "stored")).toHaveLength(1);
    expect(["stored", "wrong_sequence", "in_flight"]).toEqual(expect.arrayContaining(kinds));
    expect(await bus().readLast("outcomes", subject, { fromLeader: true })).toMatchObject({
      sequence: storedSequence(results),
    });
  });

  test("a log is read in order with its headers, from any sequence on", async () => {
    const subject = rollout();
    const before = Date.now();
    const sequences = await appendAll(bus(), subject, ["a", "b", "c"]);
    const messages = await bus().read("events", subject);
    expect(messages.map(({ sequence }) => sequence)).toEqual(sequences);
    expect(messages.map(({ headers }) => headers)).toEqual(
      [0, 1, 2].map((n) => ({ [HEADERS.append]: `nonce:${n}` })),
    );
    expect(messages.every((message) => message.subject === subject)).toBe(true);
    expect(Math.abs((messages[0]?.storedAtMs ?? 0) - before)).toBeLessThan(60_000);
    const rest = await bus().read("events", subject, sequences[1]);
    expect(rest.map(({ payload }) => textOf(payload))).toEqual(["b", "c"]);
    expect(await bus().read("events", subject, (sequences[2] ?? 0) + 1)).toEqual([]);
    expect(await bus().read("events", rollout())).toEqual([]);
  });

  test("what is under a filter comes page by page in the order of the stream, and its last message is known", async () => {
    const job = freshJob();
    const subjectOf = (sampleIndex: number): string => outcomesSubject({ ...job, itemIndex: 0, sampleIndex });
    const filter = outcomesFilter(job);
    expect(await bus().readPage("outcomes", filter, 1)).toEqual({ messages: [], isLast: true });
    expect(await bus().readLast("outcomes", filter, { fromLeader: true })).toBeNull();
    const count = 2100;
    for (let from = 0; from < count; from += 100) {
      const some = Array.from({ length: 100 }, (_, n) => subjectOf((from + n) % 7));
      await Promise.all(some.map((subject) => bus().publish({ subject, payload: bytesOf(subject) })));
    }
    await bus().publish({
      subject: outcomesSubject({ ...freshJob(), itemIndex: 0, sampleIndex: 0 }),
      payload: bytesOf("other"),
    });
    const last = await bus().readLast("outcomes", filter, { fromLeader: true });
    const seen: number[] = [];
    let pages = 0;
    // A replica may lack the newest for a moment.
    while ((seen.at(-1) ?? 0) < (last?.sequence ?? 0)) {
      const page = await bus().readPage("outcomes", filter, (seen.at(-1) ?? 0) + 1);
      seen.push(...page.messages.map(({ sequence }) => sequence));
      pages += 1;
    }
    expect(pages).toBeGreaterThan(1);
    expect(seen).toHaveLength(count);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(last?.sequence);
    expect(await bus().readPage("outcomes", filter, (last?.sequence ?? 0) + 1)).toEqual({
      messages: [],
      isLast: true,
    });
  });

  test("pages are small: a large message comes by itself", async () => {
    const subject = rollout();
    const payload = new Uint8Array(400 * 1024).fill(7);
    for (let n = 0; n < 3; n += 1) await bus().publish({ subject, payload });
    const last = await bus().readLast("events", subject, { fromLeader: true });
    const sizes: number[] = [];
    let seen = 0;
    // A replica may lack the newest for a moment.
    while (seen < (last?.sequence ?? 0)) {
      const { messages } = await bus().readPage("events", subject, seen + 1);
      if (messages.length > 0) sizes.push(messages.length);
      seen = messages.at(-1)?.sequence ?? seen;
    }
    expect(sizes).toEqual([1, 1, 1]);
  });

  test("a log longer than one answer comes whole", async () => {
    const subject = rollout();
    const other = rollout();
    const payload = new Uint8Array(8 * 1024).fill(7);
    // Concurrent and interleaved with another log: order is the stream's.
    await Promise.all(
      Array.from({ length: 2400 }, (_, n) =>
        bus().publish({ subject: n % 2 === 0 ? subject : other, payload }),
      ),
    );
    const messages = await bus().read("events", subject);
    expect(messages).toHaveLength(1200);
    const sequences = messages.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((left, right) => left - right));
    expect(messages.every((message) => message.payload.length === payload.length)).toBe(true);
  });

  test("the leader knows the last message as soon as it is stored", async () => {
    const subject = rollout();
    expect(await bus().readLast("events", subject)).toBeNull();
    expect(await bus().readLast("events", subject, { fromLeader: true })).toBeNull();
    for (const text of ["x", "y", "z"]) {
      const result = await bus().publish({
        subject,
        payload: bytesOf(text),
        headers: { [HEADERS.append]: text },
      });
      const last = await bus().readLast("events", subject, { fromLeader: true });
      expect(last).toMatchObject({ sequence: storedSequence([result]), headers: { [HEADERS.append]: text } });
      expect(textOf(last?.payload ?? new Uint8Array())).toBe(text);
    }
    await expect
      .poll(async () => textOf((await bus().readLast("events", subject))?.payload ?? bytesOf("")))
      .toBe("z");
  });

  test("a message that no writer of ours made is read as it is: without Rollyard-Append", async () => {
    const subject = rollout();
    const [first = 0] = await appendAll(bus(), subject, ["ours"]);
    const injected = await bus().publish({ subject, payload: bytesOf('{"stream":"X","seq":1}') });
    const messages = await bus().read("events", subject);
    expect(messages.map(({ headers }) => headers[HEADERS.append])).toEqual(["nonce:0", undefined]);
    expect(await bus().publish({ subject, payload: bytesOf("next"), expectedLastSequence: first })).toEqual({
      kind: "wrong_sequence",
    });
    const expectedLastSequence = storedSequence([injected]);
    const next = await bus().publish({ subject, payload: bytesOf("next"), expectedLastSequence });
    expect(next.kind).toBe("stored");
  });

  test("a stream without room says full, and what it holds stays readable", async () => {
    const payload = new Uint8Array(SMALL_STREAM_BYTES / 8);
    const job = freshJob().jobUid;
    const kinds: string[] = [];
    for (let n = 0; n < 10; n++) {
      const result = await bus().publish({
        subject: leaseSubject(`${job}-${n}`),
        payload,
        expectedLastSequence: 0,
      });
      kinds.push(result.kind);
    }
    expect(kinds[0]).toBe("stored");
    expect(kinds.at(-1)).toBe("full");
    expect(new Set(kinds)).toEqual(new Set(["stored", "full"]));
    expect(
      (await bus().readLast("leases", leaseSubject(`${job}-0`), { fromLeader: true }))?.payload,
    ).toHaveLength(payload.length);
    await bus().purge("leases", "rollyard.leases.>");
    const again = await bus().publish({
      subject: leaseSubject(`${job}-9`),
      payload,
      expectedLastSequence: 0,
    });
    expect(again.kind).toBe("stored");
  });
}

function storedSequence(results: readonly PublishResult[]): number {
  const stored = results.find((result) => result.kind === "stored");
  if (stored === undefined) throw new TypeError("nothing was stored");
  return stored.sequence;
}
