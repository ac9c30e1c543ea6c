import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { BusHeaders, LogStore, StoredMessage } from "../src/bus/port.ts";
import type { StreamName } from "../src/bus/streams.ts";
import { loadSnapshot } from "../src/config/snapshot.ts";
import { resolveTools } from "../src/environment/tool-definitions.ts";
import { outcomeSummary } from "../src/job/outcome-summary.ts";
import type { OutcomeSummary } from "../src/job/outcome-summary.ts";
import { silentLogger } from "../src/lib/logger.ts";
import { AttemptReader } from "../src/trajectory/attempt-reader.ts";
import type { EndedAttempt } from "../src/trajectory/attempt-reader.ts";
import { resultRecord } from "../src/trajectory/result-record.ts";
import { trajectoryRecord } from "../src/trajectory/trajectory-record.ts";
import { InstantClock } from "./support/grader/instant-clock.ts";

/** What `record-streams-main.ts` wrote of a version. */
interface Recorded {
  readonly messages: readonly (Omit<StoredMessage, "payload" | "headers"> & {
    readonly stream: StreamName;
    readonly headers: BusHeaders;
    readonly payload: string;
  })[];
  readonly results: readonly Keyed[];
  readonly trajectories: readonly Keyed[];
}

interface Keyed {
  readonly rollout: string;
}

const FOLDER = new URL("fixtures/streams/", import.meta.url);
const versions = readdirSync(fileURLToPath(FOLDER)).filter((name) => name.endsWith(".json.gz"));

function recorded(name: string): Recorded {
  return JSON.parse(gunzipSync(readFileSync(new URL(name, FOLDER))).toString("utf8")) as Recorded;
}

/** The streams as they were, for readers alone. */
function storeOf({ messages }: Recorded): LogStore & { readonly outcomes: readonly OutcomeSummary[] } {
  const all = messages.map((message) => ({
    ...message,
    payload: new Uint8Array(Buffer.from(message.payload, "base64")),
  }));
  const log = (stream: StreamName, subject: string): readonly StoredMessage[] =>
    all.filter((message) => message.stream === stream && message.subject === subject);
  return {
    outcomes: all
      .filter(({ stream }) => stream === "outcomes")
      .flatMap((message) => outcomeSummary(message) ?? []),
    publish: async () => ({ kind: "full" }),
    read: async (stream, subject, from = 1) =>
      log(stream, subject).filter(({ sequence }) => sequence >= from),
    readLast: async (stream, subject) => log(stream, subject).at(-1) ?? null,
  };
}

function byRollout<T extends Keyed>(records: readonly T[]): readonly T[] {
  return records.toSorted((a, b) => a.rollout.localeCompare(b.rollout));
}

/** Every outcome with its log, and the snapshot that its job ran with. */
async function readAll(stored: Recorded) {
  const store = storeOf(stored);
  const [, , namespace = "", jobUid = ""] =
    stored.messages.find(({ stream }) => stream === "outcomes")?.subject.split(".") ?? [];
  const { signal } = new AbortController();
  const reader = new AttemptReader({
    store,
    clock: new InstantClock(),
    logger: silentLogger,
    job: { namespace, jobUid },
    signal,
  });
  const ended: EndedAttempt[] = [];
  for (const outcome of store.outcomes) ended.push(await reader.read(outcome));
  const snapshot = await loadSnapshot(store, ended[0]?.outcome.ref?.specHash ?? "");
  return { ended, snapshot };
}

describe.each(versions)("what an earlier version wrote: %s", (name) => {
  const stored = recorded(name);

  it("is read into the very records that it made itself", async () => {
    const { ended, snapshot } = await readAll(stored);
    const job = { jobName: snapshot.jobName, policyVersion: snapshot.job.policyVersion };
    const results = ended.map(({ outcome, attempt }) => resultRecord(job, outcome, attempt));
    // What is new by now may be beside it.
    expect(byRollout(results)).toMatchObject(byRollout(stored.results));
    const tools = resolveTools(snapshot.environment).map(({ definition }) => definition);
    const trajectories = ended.flatMap(({ outcome, attempt }) =>
      attempt === null ? [] : [trajectoryRecord(attempt, outcome.reward ?? null, tools)],
    );
    expect(byRollout(trajectories)).toMatchObject(byRollout(stored.trajectories));
  });

  it("has rewards, failures, tool calls and a text in a blob, so that reading it means something", () => {
    const outcomes = storeOf(stored).outcomes.map(({ end }) => end.kind);
    expect(new Set(outcomes)).toEqual(new Set(["graded", "failed"]));
    expect(stored.messages.some(({ stream }) => stream === "blobs")).toBe(true);
    expect(stored.results).toContainEqual(expect.objectContaining({ tool_calls: 4, reward: 1 }));
  });
});

it("knows what an earlier version wrote", () => {
  expect(versions).toEqual(expect.arrayContaining(["0.1.0-43627b5.json.gz", "0.1.0.json.gz"]));
});
