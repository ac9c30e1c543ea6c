import { describe, expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import { recordSubject } from "../job/job-record.ts";
import type { JobRecord } from "../job/job-record.ts";
import { systemClock } from "../lib/clock.ts";
import { followJob } from "./follow-job.ts";

const JOB = { namespace: "team", jobUid: "0123456789ab" };
const RECORD: JobRecord = {
  specHash: "0".repeat(64),
  environmentUid: "eeeeeeeeeeee",
  environmentName: "plain",
  rows: { sha256: "0".repeat(64), sizeBytes: 1, chunks: 1 },
  startedAtMs: 0,
  earlierSeconds: 0,
  runsSinceMs: 0,
  end: null,
  endedAtMs: null,
};
/** A page has one of them. */
const LARGE = new Uint8Array(300_000);

/** A job of three messages, each of which is a page. */
async function jobOfPages(follow: boolean) {
  const bus = new FakeBus({ replicas: 1 }).connect("gateway");
  const record = new TextEncoder().encode(JSON.stringify(RECORD));
  await bus.publish({ subject: recordSubject(JOB.namespace, JOB.jobUid), payload: record });
  const filter = `rollyard.events.${JOB.namespace}.${JOB.jobUid}.*`;
  for (const index of [0, 1, 2])
    await bus.publish({ subject: filter.replace("*", `${index}-0`), payload: LARGE });
  const draining = new AbortController();
  const deps = {
    store: bus,
    clock: systemClock,
    signal: new AbortController().signal,
    draining: draining.signal,
  };
  const found = followJob(deps, { ...JOB, stream: "events", filter, follow, from: 1 });
  return { draining, found };
}

describe("reading a job along", () => {
  it("sends a follower elsewhere between two pages once this process is to end", async () => {
    const { draining, found } = await jobOfPages(true);
    const kinds: string[] = [];
    for await (const { kind } of found) {
      kinds.push(kind);
      draining.abort();
    }
    expect(kinds).toEqual(["messages", "draining"]);
  });

  it("gives all that is there to whom does not follow, also then", async () => {
    const { draining, found } = await jobOfPages(false);
    const kinds: string[] = [];
    for await (const { kind } of found) {
      kinds.push(kind);
      draining.abort();
    }
    expect(kinds).toEqual(["messages", "messages", "messages", "end"]);
  });
});
