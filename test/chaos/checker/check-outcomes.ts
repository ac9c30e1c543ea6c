import { answerOf } from "../world/behaviour.ts";
import type { Evidence, SeenResult } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import type { SeenAttempt, SeenLog } from "./seen-log.ts";
import type { SeenOutcome } from "./seen-outcome.ts";

/** Every rollout has one final outcome, the one that its log and its grader's rule bear out. */
export function checkChains(evidence: Evidence): readonly Finding[] {
  const rollouts = Array.from({ length: evidence.rollouts }, (_, rollout) => rollout);
  const strangers = [...evidence.outcomes.keys()].filter((rollout) => rollout >= evidence.rollouts);
  return [
    ...rollouts.flatMap((rollout) => checkChain(rollout, evidence.outcomes.get(rollout) ?? [], evidence)),
    ...strangers.map((rollout) => found("invented", rollout, "is no rollout of the job")),
  ];
}

/** Every outcome has its one line in the files of a run. */
export function checkRecorded(evidence: Evidence): readonly Finding[] {
  const results = Map.groupBy(evidence.results, (line) => indexOf(line, evidence));
  const trajectories = Map.groupBy(evidence.trajectories, (line) => indexOf(line, evidence));
  const failed = Map.groupBy(evidence.attempts, (line) => `${indexOf(line, evidence)}/${line.attempt}`);
  const findings: Finding[] = [];
  for (let rollout = 0; rollout < evidence.rollouts; rollout += 1) {
    const chain = evidence.outcomes.get(rollout) ?? [];
    findings.push(
      ...checkRecords({ rollout, what: "result", lines: results.get(rollout) ?? [], final: chain.at(-1) }),
      // A rollout that never began has none.
      ...(chain.at(-1)?.outcome === "graded" || trajectories.has(rollout)
        ? checkCount(rollout, "trajectory", trajectories.get(rollout)?.length ?? 0)
        : []),
      ...chain.flatMap(({ attempt, outcome }) =>
        outcome === "failed"
          ? checkCount(
              rollout,
              `record of attempt ${attempt}`,
              failed.get(`${rollout}/${attempt}`)?.length ?? 0,
            )
          : [],
      ),
    );
  }
  return findings;
}

function checkChain(rollout: number, chain: readonly SeenOutcome[], evidence: Evidence): readonly Finding[] {
  const log = evidence.logs.get(rollout);
  const final = chain.at(-1);
  if (final === undefined) return [found("lost", rollout, "has no outcome")];
  return [
    ...chain.flatMap((outcome, at) => checkPlace(rollout, outcome, at)),
    ...chain
      .slice(0, -1)
      .flatMap(({ outcome }) =>
        outcome === "graded" ? [found("duplicated", rollout, "goes on after it was graded")] : [],
      ),
    ...(isFinal(final, chain, evidence)
      ? []
      : [found("lost", rollout, `has attempts left after ${final.failureCode}`)]),
    ...chain.flatMap((outcome) => checkOutcome(rollout, outcome, { log, evidence })),
  ];
}

/** Attempt k's outcome is the k-th of the chain. */
function checkPlace(rollout: number, outcome: SeenOutcome, at: number): readonly Finding[] {
  if (outcome.contradiction !== null) return [found("invented", rollout, outcome.contradiction)];
  if (outcome.attempt < at)
    return [found("duplicated", rollout, `attempt ${outcome.attempt} has two outcomes`)];
  if (outcome.attempt > at) return [found("lost", rollout, `attempt ${at} has no outcome`)];
  return [];
}

/** A failure that may be tried again is no end while there are attempts left. */
function isFinal(final: SeenOutcome, chain: readonly SeenOutcome[], { maxAttempts }: Evidence): boolean {
  if (final.outcome === "graded" || ["grader", "config"].includes(final.failureClass)) return true;
  return chain.filter(({ failureClass }) => failureClass !== "cancelled").length >= maxAttempts;
}

interface Known {
  readonly log: SeenLog | undefined;
  readonly evidence: Evidence;
}

function checkOutcome(rollout: number, outcome: SeenOutcome, known: Known): readonly Finding[] {
  const attempt = known.log?.attempts.find((seen) => seen.attempt === outcome.attempt);
  if (outcome.outcome === "graded") return checkGraded(rollout, outcome, { ...known, attempt });
  const { reward, failureClass, failureCode, failureReason } = outcome;
  const isSaid = [failureClass, failureCode, failureReason].every((text) => text !== "");
  return [
    ...(outcome.outcome === "failed" ? [] : [found("invented", rollout, `ended as ${outcome.outcome}`)]),
    ...(reward === null ? [] : [found("invented", rollout, "failed and has a reward")]),
    ...(isSaid
      ? []
      : [found("unexplained failures", rollout, `attempt ${outcome.attempt} does not say why it failed`)]),
    ...(failureClass === "internal" ? [found("failures of our own", rollout, failureCode)] : []),
    ...(failureCode === "sandbox_killed"
      ? [found("invented", rollout, "is a failure by its own agent's doing")]
      : []),
    ...(attempt !== undefined && attempt.seal === null
      ? [found("damaged logs", rollout, "failed without a seal")]
      : []),
  ];
}

function checkGraded(
  rollout: number,
  { reward, completionTokens }: SeenOutcome,
  { attempt, evidence }: Known & { readonly attempt: SeenAttempt | undefined },
): readonly Finding[] {
  if (attempt === undefined || attempt.seal?.kind !== "stopped") {
    return [found("invented", rollout, "was graded without an attempt that stopped")];
  }
  const expected = expectedReward(rollout, attempt, evidence);
  const tokens = attempt.turns.reduce((sum, { id }) => sum + id, 0);
  return [
    ...(reward === expected ? [] : [found("invented", rollout, `has reward ${reward} for ${expected}`)]),
    ...(tokens === completionTokens
      ? []
      : [found("invented", rollout, "was graded on other turns than are on record")]),
  ];
}

/** The grader's rule, from the log alone: 1 for the item's answer as the closing turn, else 0. */
function expectedReward(rollout: number, { turns }: SeenAttempt, { behaviour }: Evidence): number {
  const closing = turns.at(-1);
  if (closing === undefined || closing.calls.length > 0) return 0;
  return closing.content === answerOf(behaviour.seed, Math.floor(rollout / behaviour.samplesPerItem)) ? 1 : 0;
}

function checkRecords(record: {
  readonly rollout: number;
  readonly what: string;
  readonly lines: readonly SeenResult[];
  readonly final: SeenOutcome | undefined;
}): readonly Finding[] {
  const { rollout, what, lines, final } = record;
  const [line] = lines;
  const counted = checkCount(rollout, what, lines.length);
  if (line === undefined || final === undefined) return counted;
  const isSame =
    line.attempt === final.attempt && line.outcome === final.outcome && line.reward === final.reward;
  return isSame ? counted : [...counted, found("invented", rollout, "has another result than outcome")];
}

function checkCount(rollout: number, what: string, count: number): readonly Finding[] {
  if (count === 1) return [];
  return [found(count === 0 ? "lost" : "duplicated", rollout, `has ${count} lines as ${what}`)];
}

function indexOf(line: SeenResult, { behaviour }: Evidence): number {
  return line.item_index * behaviour.samplesPerItem + line.sample_index;
}

function found(kind: Finding["kind"], rollout: number, what: string): Finding {
  return { kind, what: `rollout ${rollout} ${what}` };
}
