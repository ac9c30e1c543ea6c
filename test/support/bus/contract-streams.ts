import { describe, expect, test } from "vitest";

import type { StoredHeaders } from "../../../src/bus/port.ts";
import { outcomesFilter, outcomesSubject } from "../../../src/bus/subjects.ts";
import { bytesOf, freshJob, textOf } from "./contract-context.ts";
import type { ContractContext } from "./contract-context.ts";

type Job = ReturnType<typeof freshJob>;

const outcome = (job: Job, itemIndex: number): string =>
  outcomesSubject({ ...job, itemIndex, sampleIndex: 0 });

async function collect(messages: AsyncIterable<StoredHeaders>): Promise<readonly StoredHeaders[]> {
  const found: StoredHeaders[] = [];
  for await (const message of messages) found.push(message);
  return found;
}

/** What the controller does with whole streams. */
export function describeStreams({ bus }: ContractContext): void {
  const publishOutcomes = async (job: Job, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      const message = {
        subject: outcome(job, n),
        payload: bytesOf(`payload ${n}`),
        headers: { "Rollyard-Attempt": String(n) },
      };
      expect((await bus().publish({ ...message, expectedLastSequence: 0 })).kind).toBe("stored");
    }
  };

  describe("streams", () => {
    test("making the streams again changes nothing", async () => {
      const job = freshJob();
      await publishOutcomes(job, 1);
      await bus().ensureStreams();
      expect(await bus().readLast("outcomes", outcome(job, 0), { fromLeader: true })).not.toBeNull();
    });

    test("subjects are listed with their number of messages, under a filter", async () => {
      const [job, other] = [freshJob(), freshJob()];
      await publishOutcomes(job, 3);
      await publishOutcomes(other, 1);
      await bus().publish({ subject: outcome(job, 1), payload: bytesOf("again") });
      expect(await bus().subjects("outcomes", outcomesFilter(job))).toEqual(
        new Map([
          [outcome(job, 0), 1],
          [outcome(job, 1), 2],
          [outcome(job, 2), 1],
        ]),
      );
      expect(await bus().subjects("outcomes", outcomesFilter(freshJob()))).toEqual(new Map());
    });

    test("a replay gives the headers of all that is there, in order, without payloads", async () => {
      const job = freshJob();
      await publishOutcomes(job, 5);
      const found = await collect(bus().replayHeaders("outcomes", outcomesFilter(job)));
      expect(found.map(({ subject, headers }) => [subject, headers["Rollyard-Attempt"]])).toEqual(
        [0, 1, 2, 3, 4].map((n) => [outcome(job, n), String(n)]),
      );
      expect(found.every((message) => !("payload" in message))).toBe(true);
      const rest = await collect(bus().replayHeaders("outcomes", outcomesFilter(job), found[3]?.sequence));
      expect(rest.map(({ sequence }) => sequence)).toEqual(found.slice(3).map(({ sequence }) => sequence));
      expect(await collect(bus().replayHeaders("outcomes", outcomesFilter(freshJob())))).toEqual([]);
    });

    test("following gives what is there and what comes, in order, until it is aborted", async () => {
      const job = freshJob();
      await publishOutcomes(job, 2);
      const stop = new AbortController();
      const seen: string[] = [];
      const following = (async () => {
        const options = { fromSequence: 1, signal: stop.signal };
        for await (const message of bus().follow("outcomes", outcomesFilter(job), options)) {
          seen.push(`${message.subject} ${textOf(message.payload)}`);
        }
      })();
      await expect.poll(() => seen.length).toBe(2);
      await bus().publish({ subject: outcome(job, 7), payload: bytesOf("live") });
      await expect.poll(() => seen.length).toBe(3);
      expect(seen.at(-1)).toBe(`${outcome(job, 7)} live`);
      stop.abort();
      await following;
    });

    test("after a purge the subject is empty and takes a first message again", async () => {
      const job = freshJob();
      await publishOutcomes(job, 2);
      await bus().purge("outcomes", outcomesFilter(job));
      expect(await bus().subjects("outcomes", outcomesFilter(job))).toEqual(new Map());
      await publishOutcomes(job, 2);
    });

    test("a stream's state counts bytes and sequences", async () => {
      const before = await bus().streamState("outcomes");
      await publishOutcomes(freshJob(), 1);
      const after = await bus().streamState("outcomes");
      expect(after.lastSequence).toBe(before.lastSequence + 1);
      expect(after.usedBytes).toBeGreaterThan(before.usedBytes);
      expect(after.maxBytes).toBe(before.maxBytes);
    });
  });
}
