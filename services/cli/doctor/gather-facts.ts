import path from "node:path";
import { shownPath } from "../../../src/config/shown-path.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { DoctorFacts, JobState, RecentFailures } from "../../../src/job/doctor-facts.ts";
import { readJoinedResults } from "../../../src/trajectory/joined-results.ts";
import { readRecords } from "../../../src/trajectory/read-records.ts";
import { resultRecordSchema } from "../../../src/trajectory/result-record.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { readRunEnd } from "../../../src/trajectory/run-end.ts";
import { findRunFamily } from "../../../src/trajectory/run-family.ts";
import type { RunFamily, RunMember } from "../../../src/trajectory/run-family.ts";
import { shellWord } from "../../../src/trajectory/shell-word.ts";
import type { CliIo } from "../cli-io.ts";
import { resumeCommand } from "../run/resume-command.ts";
import { holderOf, privateFolderOf } from "../run/run-folder.ts";
import { readRunState } from "../run/run-state.ts";
import type { RunState } from "../run/run-state.ts";
import { isServed } from "../serve/is-served.ts";
import { askStatus } from "./ask-status.ts";

/** Failed attempts that are looked at, from the last back. */
const RECENT = 200;

/** What gathering is given beside the folder. */
export interface GatherOptions extends Pick<CliIo, "cwd" | "command"> {
  readonly mostDeliveries: number;
  /** How long a process that has a run may take to answer. */
  readonly patienceMs?: number | undefined;
}

/** What a doctor is asked about, and what it knows of it. */
export interface GatheredFacts {
  readonly member: RunMember;
  readonly facts: DoctorFacts;
}

/**
 * Gathers what is known of a run: of the named one, or of those in a folder the one that a process has, else one that
 * has not ended, else the newest. Throws `bad_input` where there is none.
 */
export async function gatherFacts(given: string, options: GatherOptions): Promise<GatheredFacts> {
  const family = await findRunFamily(given);
  const member = await chooseMember(family, given);
  const state = await readRunState(privateFolderOf(member.folder));
  const shown = (folder: string): string => shellWord(shownPath(folder, options.cwd) || ".");
  return {
    member,
    facts: {
      job: member.job,
      state: await stateOf(member, state, options),
      recorded: await recordedIn(family, member.folder === given ? member : null),
      recentFailures: await recentFailures(member),
      commands: {
        resume: state === null ? "" : resumeCommand(member.folder, state, options),
        retry: `${options.command} retry ${shown(family.base.folder)}`,
        sandbox: [
          `${options.command} sandbox`,
          ...(state?.origin.files ?? []).map((file) => `-f ${shown(file)}`),
        ].join(" "),
        list: `${options.command} list ${shown(member.folder)} --failed`,
      },
      mostDeliveries: options.mostDeliveries,
    },
  };
}

async function chooseMember({ base, retries }: RunFamily, given: string): Promise<RunMember> {
  const newestFirst = [base, ...retries].toReversed();
  const named = newestFirst.find(({ folder }) => folder === given);
  if (named !== undefined) return named;
  for (const member of newestFirst) if ((await holderOf(member.folder)) !== null) return member;
  for (const member of newestFirst) {
    const state = await readRunState(privateFolderOf(member.folder));
    if (state !== null && state.end === null) return member;
  }
  return newestFirst[0] ?? base;
}

async function stateOf(
  { job, folder }: RunMember,
  state: RunState | null,
  { patienceMs }: GatherOptions,
): Promise<JobState> {
  if (state === null) return endOnRecord(folder);
  const pid = await holderOf(folder);
  const isOfServe = isServed(state);
  if (isOfServe && pid !== null) return { kind: "serving", pid };
  if (pid !== null) return heldState(folder, { pid, jobUid: state.jobUid, patienceMs });
  if (state.end !== null) return { kind: "ended", ...state.end };
  if (isOfServe && state.stopped?.why === "interrupted") return { kind: "served" };
  if (state.stopped !== null) return { kind: "stopped", ...state.stopped };
  const message = `Its last process ended without a word: it was killed, or the machine went down. What ${job} had recorded is kept.`;
  return { kind: "stopped", why: "killed", message };
}

async function heldState(
  folder: string,
  {
    pid,
    jobUid,
    patienceMs,
  }: Pick<GatherOptions, "patienceMs"> & {
    readonly pid: number;
    readonly jobUid: string;
  },
): Promise<JobState> {
  const answer = await askStatus(privateFolderOf(folder), jobUid, patienceMs);
  if (answer.kind === "live") return { kind: "running", live: answer.live };
  return answer.kind === "silent" ? { kind: "silent", pid } : { kind: "starting", pid };
}

/** A run whose notes are gone is known by its summary alone. */
async function endOnRecord(folder: string): Promise<JobState> {
  const ended = await readRunEnd(folder);
  if (ended !== null) return { kind: "ended", ...ended.end };
  throw new RollyardError("bad_input", {
    message: `The notes of the run in ${folder} (.rollyard/run.json) are gone, and it has no summary.json: nothing tells how it stands.`,
  });
}

/** Of one job, or of all together. A failure that a retry has mended counts in neither. */
async function recordedIn(family: RunFamily, only: RunMember | null): Promise<DoctorFacts["recorded"]> {
  const failed = new Set<string>();
  const mended = new Set<string>();
  let graded = 0;
  for await (const { record, member, isCurrent } of readJoinedResults(family)) {
    const place = `${record.item_index}-${record.sample_index}`;
    const isGraded = record.outcome === "graded";
    if (isGraded) mended.add(place);
    if (only === null ? !isCurrent : only.folder !== member.folder) continue;
    if (isGraded) graded += 1;
    else failed.add(place);
  }
  return { graded, ungraded: [...failed].filter((place) => !mended.has(place)).length };
}

async function recentFailures({ folder }: RunMember): Promise<readonly RecentFailures[]> {
  const last: Pick<ResultRecord, "failure_class" | "failure_code" | "failure_reason">[] = [];
  for await (const record of readRecords(path.join(folder, "attempts.jsonl"), resultRecordSchema)) {
    last.push(record);
    if (last.length > RECENT) last.shift();
  }
  const kinds = Map.groupBy(last, ({ failure_class, failure_code }) => `${failure_class}/${failure_code}`);
  return [...kinds.values()]
    .map((own) => {
      const newest = own.at(-1);
      return {
        failureClass: newest?.failure_class ?? "internal",
        code: newest?.failure_code ?? "internal",
        count: own.length,
        cause: newest?.failure_reason ?? "",
      };
    })
    .toSorted((a, b) => b.count - a.count);
}
