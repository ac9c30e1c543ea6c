import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { LeaseRecordSchema } from "../../../src/gen/rollyard/v1/requests_pb.ts";
import { readModelLog } from "../world/model-log.ts";
import type { RawBus } from "../world/raw-bus.ts";
import type { Evidence, SeenResult } from "./evidence.ts";
import { SeenLog } from "./seen-log.ts";
import { seenOutcome } from "./seen-outcome.ts";
import type { SeenOutcome } from "./seen-outcome.ts";

/** Where a run left what is checked. */
export interface GatherFrom {
  readonly bus: RawBus;
  readonly samplesPerItem: number;
  readonly resultsFolder: string;
  readonly modelLog: string;
  /** Null when tools ran in sandboxes. */
  readonly toolLog: string | null;
  /** Only what is of this job, where several share the streams. */
  readonly jobUid?: string;
}

/** What {@link gather} reads. */
export type Gathered = Pick<
  Evidence,
  "logs" | "outcomes" | "retired" | "results" | "attempts" | "trajectories" | "model" | "remoteMarks"
>;

/** Reads streams, records and the model's own account. */
export async function gather(from: GatherFrom): Promise<Gathered> {
  const lines = (name: string): readonly SeenResult[] => readLines(join(from.resultsFolder, `${name}.jsonl`));
  return {
    logs: await gatherLogs(from),
    outcomes: await gatherOutcomes(from),
    retired: await gatherLeases(from),
    results: lines("results"),
    attempts: lines("attempts"),
    trajectories: lines("trajectories"),
    model: readModelLog(from.modelLog),
    remoteMarks: from.toolLog === null ? null : readMarks(from.toolLog),
  };
}

async function gatherLogs(from: GatherFrom): Promise<Gathered["logs"]> {
  const logs = new Map<number, SeenLog>();
  for await (const message of from.bus.read("events")) {
    if (!isOurs(from, jobUidOf(message.subject))) continue;
    const rollout = rolloutOf(message.subject, from.samplesPerItem);
    const log = logs.get(rollout) ?? new SeenLog(String(rollout));
    logs.set(rollout, log);
    log.take(message);
  }
  return logs;
}

async function gatherOutcomes(from: GatherFrom): Promise<Gathered["outcomes"]> {
  const outcomes = new Map<number, SeenOutcome[]>();
  for await (const message of from.bus.read("outcomes")) {
    if (!isOurs(from, jobUidOf(message.subject))) continue;
    const rollout = rolloutOf(message.subject, from.samplesPerItem);
    outcomes.set(rollout, [...(outcomes.get(rollout) ?? []), seenOutcome(message)]);
  }
  return outcomes;
}

/** Sandboxes by subject: whether the last word about each is that it is retired. */
export async function gatherLeases(
  from: Pick<GatherFrom, "bus" | "jobUid">,
): Promise<ReadonlyMap<string, boolean>> {
  const retired = new Map<string, boolean>();
  for await (const { subject, payload } of from.bus.read("leases")) {
    const { state, ref } = fromBinary(LeaseRecordSchema, payload);
    if (isOurs(from, ref?.jobUid)) retired.set(subject, state === "retired");
  }
  return retired;
}

function isOurs({ jobUid }: Pick<GatherFrom, "jobUid">, uid: string | undefined): boolean {
  return jobUid === undefined || uid === jobUid;
}

/** The word before a subject's last. */
function jobUidOf(subject: string): string | undefined {
  return subject.split(".").at(-2);
}

/** Index of the rollout that a subject is about: its last word is item-sample. */
function rolloutOf(subject: string, samplesPerItem: number): number {
  const [item = 0, sample = 0] = (subject.split(".").at(-1) ?? "").split("-").map(Number);
  return item * samplesPerItem + sample;
}

/** Trajectories have no indexes of their own: those are in the rollout's id. */
function readLines(path: string): readonly SeenResult[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  return lines.map((line) => {
    const record = JSON.parse(line) as SeenResult & { readonly rollout: string };
    const [item_index = -1, sample_index = -1] = record.rollout.split("-").slice(1).map(Number);
    return { ...record, item_index, sample_index };
  });
}

function readMarks(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mark) => mark !== "" && mark !== "audit");
}
