import { expect, test } from "vitest";

import { HEADERS } from "../../../src/bus/port.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { eventsSubject, outcomesFilter, outcomesSubject, workSubject } from "../../../src/bus/subjects.ts";
import { bytesOf, freshJob, textOf } from "./contract-context.ts";
import type { ContractContext } from "./contract-context.ts";

/** Appends numbered messages until told to stop, each exactly once, as the protocol's append does it. */
class Writer {
  readonly subject: string;
  readonly #bus: Bus;
  readonly acknowledged: number[] = [];
  #last = 0;

  constructor(bus: Bus, subject: string) {
    this.#bus = bus;
    this.subject = subject;
  }

  async run(isOver: () => boolean): Promise<void> {
    for (let n = 1; !isOver(); n++) await this.#append(n);
  }

  async #append(n: number): Promise<void> {
    for (;;) {
      const headers = { [HEADERS.append]: `w:${n}` };
      const message = {
        subject: this.subject,
        payload: bytesOf(String(n)),
        headers,
        expectedLastSequence: this.#last,
      };
      const result = await this.#bus.publish(message);
      const sequence = result.kind === "stored" ? result.sequence : await this.#recognise(n);
      if (sequence === null) continue;
      this.#last = sequence;
      this.acknowledged.push(n);
      return;
    }
  }

  /** The sequence of append n when it is stored, null when it is not (yet). */
  async #recognise(n: number): Promise<number | null> {
    try {
      const last = await this.#bus.readLast("events", this.subject, { fromLeader: true });
      return last?.headers[HEADERS.append] === `w:${n}` ? last.sequence : null;
    } catch {
      return null;
    }
  }
}

/** What must hold across a crash of the servers. */
export function describeRestart({ bus, servers }: ContractContext): void {
  test("a crash of the servers in the middle of publishing loses nothing acknowledged and stores nothing twice", async () => {
    const statuses: string[] = [];
    const client = await servers().connect("writers");
    client.onStatus((status) => statuses.push(status));
    const job = freshJob();
    const writers = Array.from({ length: 20 }, (_, itemIndex) => {
      return new Writer(client, eventsSubject({ ...job, itemIndex, sampleIndex: 0 }));
    });
    let isOver = false;
    const writing = writers.map((writer) => writer.run(() => isOver));
    await expect.poll(() => writers.every(({ acknowledged }) => acknowledged.length >= 3)).toBe(true);
    await servers().restart();
    const goals = new Map(writers.map((writer) => [writer, writer.acknowledged.length + 3]));
    const isPast = (writer: Writer): boolean => writer.acknowledged.length >= (goals.get(writer) ?? 0);
    await expect.poll(() => writers.every(isPast), { timeout: 30_000 }).toBe(true);
    isOver = true;
    await Promise.all(writing);
    for (const { subject, acknowledged } of writers) {
      const stored = (await bus().read("events", subject)).map(({ payload }) => Number(textOf(payload)));
      expect(stored).toEqual(acknowledged);
    }
    expect(statuses.slice(0, 2)).toEqual(["disconnected", "connected"]);
    await client.close();
  });

  test("following and pulling go on after a crash without a gap or a repeat", async () => {
    const job = freshJob();
    const outcome = (itemIndex: number): string => outcomesSubject({ ...job, itemIndex, sampleIndex: 0 });
    const store = (itemIndex: number) => (): Promise<boolean> => stored(bus(), outcome(itemIndex));
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      const options = { fromSequence: 1, signal: stop.signal };
      for await (const { subject } of bus().follow("outcomes", outcomesFilter(job), options))
        seen.push(subject);
    })();
    await expect.poll(store(0)).toBe(true);
    await expect.poll(() => seen.length).toBe(1);
    await servers().restart();
    await expect.poll(store(1), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(2);
    expect(seen).toEqual([outcome(0), outcome(1)]);
    stop.abort();
    await following;

    const work = workSubject("rollout", { ...job, itemIndex: 0, sampleIndex: 0 }, 0);
    await expect
      .poll(async () => (await bus().publish({ subject: work, payload: bytesOf("w") })).kind)
      .not.toBe("unknown");
    let done = 0;
    const pullOne = async (): Promise<number> => {
      const acks: Promise<void>[] = [];
      await bus().pull({
        kind: "rollout",
        max: 1,
        expiresMs: 1000,
        onDelivery: (delivery) => void acks.push(delivery.ack()),
      });
      await Promise.all(acks);
      done += acks.length;
      return done;
    };
    await expect.poll(pullOne, { timeout: 30_000 }).toBe(1);
  });

  test("a request and a read during the outage wait for its end", async () => {
    const subject = eventsSubject({ ...freshJob(), itemIndex: 0, sampleIndex: 0 });
    await expect.poll(() => stored(bus(), subject)).toBe(true);
    const restarting = servers().restart();
    const read = bus().read("events", subject);
    await restarting;
    expect(await read).toHaveLength(1);
  });
}

/** Whether a first message is on the subject after this. */
async function stored(bus: Bus, subject: string): Promise<boolean> {
  const { kind } = await bus.publish({ subject, payload: bytesOf("x"), expectedLastSequence: 0 });
  return kind === "stored" || kind === "wrong_sequence";
}
