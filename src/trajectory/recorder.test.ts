import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { InstantClock } from "../../test/support/grader/instant-clock.ts";
import { MemoryLogStore } from "../../test/support/grader/memory-log-store.ts";
import { failedAttempt, gradedAttempt, JOB } from "../../test/support/trajectory/ended-attempts.ts";
import { fillingDisk } from "../../test/support/trajectory/filling-disk.ts";
import { linesOf, scratchFolder } from "../../test/support/trajectory/scratch-folder.ts";
import type { LogStore, StoredMessage } from "../bus/port.ts";
import type { StreamName } from "../bus/streams.ts";
import { eventsSubject } from "../bus/subjects.ts";
import type { CountedOutcome } from "../job/rebuild-ledger.ts";
import { silentLogger } from "../lib/logger.ts";
import { ResultRecorder } from "./recorder.ts";
import type { RecorderOptions } from "./recorder.ts";
import { resultRecordSchema } from "./result-record.ts";
import { trajectoryRecordSchema } from "./trajectory-record.ts";

const at = (itemIndex: number, sampleIndex = 0): { itemIndex: number; sampleIndex: number } => ({
  itemIndex,
  sampleIndex,
});

async function recorderOf(
  folder: string,
  store: LogStore,
  changes: Partial<RecorderOptions> = {},
): Promise<ResultRecorder> {
  const recorder = await ResultRecorder.open({
    folder,
    store,
    clock: new InstantClock(),
    logger: silentLogger,
    job: JOB,
    tools: [],
    ...changes,
  });
  onTestFinished(() => recorder.close());
  return recorder;
}

/** One session of a run: all outcomes are recorded, and the recorder is closed. */
async function session(
  folder: string,
  store: LogStore,
  outcomes: readonly CountedOutcome[],
  changes: Partial<RecorderOptions> = {},
): Promise<void> {
  const recorder = await recorderOf(folder, store, changes);
  for (const outcome of outcomes) recorder.record(outcome);
  await recorder.flush();
  await recorder.close();
}

/** How many lines a run folder's files have. */
async function lineCounts(folder: string): Promise<readonly number[]> {
  const files = ["results.jsonl", "trajectories.jsonl", "attempts.jsonl"];
  return Promise.all(files.map(async (file) => (await linesOf(folder, file)).length));
}

describe("the recorder", () => {
  it("writes a graded rollout as a trajectory and a result", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    await session(folder, store, [gradedAttempt(store, { place: at(3, 1), reward: 0.5 })]);
    const [result] = await linesOf(folder, "results.jsonl");
    expect(resultRecordSchema.parse(result)).toEqual({
      job: "repo-search",
      rollout: "0123456789ab-3-1",
      trace_id: "trace_3_1",
      item_index: 3,
      sample_index: 1,
      attempt: 0,
      outcome: "graded",
      failure_class: null,
      failure_code: null,
      failure_reason: null,
      evidence: {},
      reward: 0.5,
      passed: false,
      sub_rewards: { f1: 0.5 },
      flags: ["sample_parse_error"],
      stop_reason: "answered",
      turns: 2,
      tool_calls: 1,
      policy_version: null,
      usage: { prompt_tokens: 10, completion_tokens: 2 },
      grader_usage: { judge: { prompt_tokens: 70, completion_tokens: 3 } },
      grader_errors: { sample_parse_error: "true" },
      seconds: { queued: 1.5, sandbox: 0.04, model: 0.5, tool: 0.075, grade: 0.25 },
    });
    const [trajectory] = await linesOf(folder, "trajectories.jsonl");
    expect(trajectoryRecordSchema.parse(trajectory)).toMatchObject({
      rollout: "0123456789ab-3-1",
      item: { question: "where?" },
      reward: 0.5,
      calls: [{ call_id: "call_0", name: "search", turn: 0, seconds: 0.075, result: "ok" }],
    });
    expect(await linesOf(folder, "attempts.jsonl")).toEqual([]);
  });

  it("makes files that nobody else can read", async () => {
    const folder = await scratchFolder();
    await recorderOf(folder, new MemoryLogStore());
    expect((await stat(path.join(folder, "results.jsonl"))).mode & 0o777).toBe(0o600);
  });

  it("writes every failed attempt, and no reward for it", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    await session(folder, store, [
      failedAttempt(store, { place: at(0), after: "retry" }),
      failedAttempt(store, { place: at(0), attempt: 1, after: "final" }),
    ]);
    const attempts = await linesOf(folder, "attempts.jsonl");
    expect(attempts.map(({ attempt, reward, failure_code }) => [attempt, reward, failure_code])).toEqual([
      [0, null, "sandbox_lost"],
      [1, null, "sandbox_lost"],
    ]);
    expect(await linesOf(folder, "results.jsonl")).toMatchObject([
      {
        attempt: 1,
        outcome: "failed",
        reward: null,
        passed: null,
        usage: null,
        evidence: { exit_code: "137" },
      },
    ]);
  });

  it("writes a whole result for an attempt that never began", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    await session(folder, store, [failedAttempt(store, { place: at(7, 2), hasLog: false, after: "final" })]);
    const [result] = await linesOf(folder, "results.jsonl");
    expect(resultRecordSchema.parse(result)).toMatchObject({
      trace_id: "trace_7_2",
      turns: 0,
      stop_reason: null,
    });
    expect(await linesOf(folder, "trajectories.jsonl")).toEqual([]);
  });

  it("puts the job's policy version into every result, also of an attempt that never began", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    await session(
      folder,
      store,
      [
        failedAttempt(store, { place: at(0), hasLog: false, after: "final" }),
        gradedAttempt(store, { place: at(1), reward: 1 }),
      ],
      { job: { ...JOB, policyVersion: "step-7" } },
    );
    const results = await linesOf(folder, "results.jsonl");
    expect(results.map(({ policy_version }) => policy_version)).toEqual(["step-7", "step-7"]);
  });

  it("keeps the order in which the outcomes came", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const recorder = await recorderOf(folder, store);
    const items = Array.from({ length: 100 }, (_, index) => (index * 37) % 100);
    for (const item of items) recorder.record(gradedAttempt(store, { place: at(item), reward: 1 }));
    await recorder.flush();
    const results = await linesOf(folder, "results.jsonl");
    expect(results.map(({ item_index }) => item_index)).toEqual(items);
  });

  it("waits for a bus that does not answer and a replica that lags", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const recorder = await recorderOf(folder, store);
    let refusals = 0;
    store.fault = ({ kind }) => {
      refusals += 1;
      if (refusals <= 3) return "unavailable";
      return refusals <= 6 && kind === "read" ? "stale" : "none";
    };
    recorder.record(gradedAttempt(store, { place: at(0), reward: 1 }));
    await recorder.flush();
    expect(refusals).toBeGreaterThan(6);
    expect(await linesOf(folder, "trajectories.jsonl")).toHaveLength(1);
  });

  it("records the outcome of a log that does not fold, and goes on", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const recorder = await recorderOf(folder, store);
    const outcome = gradedAttempt(store, { place: at(0), reward: 1 });
    const [first] = store.on(eventsSubject({ ...JOB, ...at(0) }));
    if (first === undefined) throw new Error("there is no log");
    store.store({ ...first, headers: { ...first.headers, "Rollyard-Append": "thief:9" } });
    recorder.record(outcome);
    recorder.record(gradedAttempt(store, { place: at(1), reward: 0 }));
    await recorder.flush();
    expect(await linesOf(folder, "results.jsonl")).toMatchObject([
      { reward: 1, turns: 0 },
      { reward: 0, turns: 2 },
    ]);
    expect(await linesOf(folder, "trajectories.jsonl")).toHaveLength(1);
  });
});

describe("a recorder of a store that a power cut may shorten", () => {
  it("writes nothing before it would outlive one, and asks once for all that has come", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const syncs: PromiseWithResolvers<void>[] = [];
    const untilDurable = (): Promise<void> => {
      const sync = Promise.withResolvers<void>();
      syncs.push(sync);
      return sync.promise;
    };
    const recorder = await recorderOf(folder, store, { untilDurable });
    for (let item = 0; item < 100; item += 1) {
      recorder.record(gradedAttempt(store, { place: at(item), reward: 1 }));
    }
    await expect.poll(() => syncs.length).toBe(1);
    expect(await linesOf(folder, "results.jsonl")).toEqual([]);
    syncs[0]?.resolve();
    await recorder.flush();
    expect(syncs).toHaveLength(1);
    recorder.record(failedAttempt(store, { place: at(100), after: "final" }));
    await expect.poll(() => syncs.length).toBe(2);
    expect(await linesOf(folder, "attempts.jsonl")).toEqual([]);
    syncs[1]?.resolve();
    await recorder.flush();
    expect(await linesOf(folder, "results.jsonl")).toHaveLength(101);
  });

  it("writes nothing more once the store can't be brought to the disk", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const untilDurable = (): Promise<void> => Promise.reject(new Error("EIO"));
    const recorder = await recorderOf(folder, store, { untilDurable });
    recorder.record(gradedAttempt(store, { place: at(0), reward: 1 }));
    await expect(recorder.flush()).rejects.toMatchObject({ code: "internal" });
    expect(await linesOf(folder, "results.jsonl")).toEqual([]);
  });
});

describe("a recorder of a resumed run", () => {
  it("writes nothing twice, within a session or across", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const outcomes = [
      failedAttempt(store, { place: at(0), after: "resume" }),
      gradedAttempt(store, { place: at(0), attempt: 1, reward: 1 }),
      failedAttempt(store, { place: at(1), after: "final" }),
    ];
    for (const number of [1, 2]) {
      await session(folder, store, [...outcomes, ...outcomes]);
      expect(await lineCounts(folder), `session ${number}`).toEqual([2, 2, 2]);
    }
  });

  it("writes the trajectory that a power cut left out before its result", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const outcome = gradedAttempt(store, { place: at(0), reward: 1 });
    await session(folder, store, [outcome]);
    await writeFile(path.join(folder, "trajectories.jsonl"), "");
    await session(folder, store, [outcome]);
    expect(await lineCounts(folder)).toEqual([1, 1, 0]);
  });

  it("records the outcome of a log whose end a power cut took, and goes on", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const outcomes = [0, 1].map((item) => gradedAttempt(store, { place: at(item), reward: item }));
    const cut = store.on(eventsSubject({ ...JOB, ...at(0) })).at(-1)?.sequence;
    const left = async (stream: StreamName, subject: string): Promise<readonly StoredMessage[]> =>
      (await store.read(stream, subject)).filter(({ sequence }) => sequence !== cut);
    const lossy: LogStore = {
      publish: (message) => store.publish(message),
      read: left,
      readLast: async (stream, subject) => (await left(stream, subject)).at(-1) ?? null,
    };
    await session(folder, lossy, outcomes);
    expect(await linesOf(folder, "results.jsonl")).toMatchObject([
      { reward: 0, turns: 0 },
      { reward: 1, turns: 2 },
    ]);
    expect(await linesOf(folder, "trajectories.jsonl")).toHaveLength(1);
  });

  it("reads no log again whose records are there", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const outcome = gradedAttempt(store, { place: at(0), reward: 1 });
    await session(folder, store, [outcome]);
    let reads = 0;
    store.fault = () => {
      reads += 1;
      return "none";
    };
    await session(folder, store, [outcome]);
    expect(reads).toBe(0);
  });

  it("cuts off a torn last line and writes it again", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const outcomes = [0, 1].map((item) => gradedAttempt(store, { place: at(item), reward: 1 }));
    await session(folder, store, outcomes);
    const file = path.join(folder, "results.jsonl");
    const whole = await readFile(file, "utf8");
    await writeFile(file, whole.slice(0, -20));
    await appendFile(path.join(folder, "trajectories.jsonl"), '{"rollout":"0123456789ab-1-0","att');
    await session(folder, store, outcomes);
    expect(await readFile(file, "utf8")).toBe(whole);
    expect(await linesOf(folder, "trajectories.jsonl")).toHaveLength(2);
  });

  it("writes the result that a crash left out after its trajectory", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const outcome = gradedAttempt(store, { place: at(0), reward: 1, output: "line\u2028separator" });
    await session(folder, store, [outcome]);
    await writeFile(path.join(folder, "results.jsonl"), "");
    await session(folder, store, [outcome]);
    expect(await lineCounts(folder)).toEqual([1, 1, 0]);
  });

  it("names the line that is no record", async () => {
    const folder = await scratchFolder();
    await writeFile(path.join(folder, "results.jsonl"), "nonsense\n");
    await expect(recorderOf(folder, new MemoryLogStore())).rejects.toMatchObject({
      code: "run_folder_conflict",
      message: expect.stringContaining("results.jsonl:1 "),
    });
  });
});

describe("a recorder without room", () => {
  it("says so once, in a sentence, and leaves whole lines only", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const recorder = await recorderOf(folder, store, { openFile: fillingDisk(5000) });
    for (let item = 0; item < 200; item += 1) {
      recorder.record(gradedAttempt(store, { place: at(item), reward: 1 }));
      if (item === 1) await recorder.flush();
    }
    await expect(recorder.flush()).rejects.toMatchObject({ code: "output_unwritable" });
    expect((await recorder.failed).message).toMatch(
      /The disk of .* is full; free some space\. .* resumes\./u,
    );
    const results = await linesOf(folder, "results.jsonl");
    const trajectories = await linesOf(folder, "trajectories.jsonl");
    expect(results.length).toBeGreaterThanOrEqual(2);
    expect(results.length).toBeLessThan(10);
    expect(trajectories.length).toBeGreaterThanOrEqual(results.length);
    // With room again, a resume completes both.
    await recorder.close();
    const second = await recorderOf(folder, store);
    for (let item = 0; item < 5; item += 1) {
      second.record(gradedAttempt(store, { place: at(item), attempt: 1, reward: 1 }));
    }
    await second.flush();
    expect(await linesOf(folder, "results.jsonl")).toHaveLength(5);
  });

  it("names a file that can't be opened", async () => {
    const folder = path.join(await scratchFolder(), "missing");
    await expect(recorderOf(folder, new MemoryLogStore())).rejects.toThrow(
      /attempts\.jsonl can't be written \(ENOENT\)/u,
    );
  });

  it("does not hang on a bus that is gone when it is closed", async () => {
    const [folder, store] = [await scratchFolder(), new MemoryLogStore()];
    const recorder = await recorderOf(folder, store);
    store.fault = () => "unavailable";
    recorder.record(gradedAttempt(store, { place: at(0), reward: 1 }));
    await recorder.close();
    await recorder.flush();
    expect(await linesOf(folder, "results.jsonl")).toEqual([]);
  });
});
