import { HEADERS } from "../../../src/bus/port.ts";
import type { StoredMessage } from "../../../src/bus/port.ts";
import { outcomesSubject, parseWorkSubject, rolloutToken } from "../../../src/bus/subjects.ts";
import type { RunEnd } from "../../../src/job/job-runner.ts";
import { placeOfIndex } from "../../../src/rollout/ids.ts";
import type { World } from "./world.ts";
import { IDENTITY } from "./world-specs.ts";

/** What a job that ended leaves behind that it must not, as sentences. */
export function finalProblems(world: World, end: RunEnd): readonly string[] {
  const { items, samplesPerItem } = world.schedule.shape;
  const places = Array.from({ length: items * samplesPerItem }, (_, index) => index);
  return [
    ...places.flatMap((index) => rolloutProblems(world, index)),
    ...countProblems(world, places.length, end),
    ...leftovers(world),
  ];
}

/** One outcome that ends the rollout, still in the stream with all before it. */
function rolloutProblems(world: World, index: number): readonly string[] {
  const { samplesPerItem, maxAttempts } = world.schedule.shape;
  const place = placeOfIndex(index, samplesPerItem);
  const token = rolloutToken(place);
  const outcomes = world.referee.record.outcomes.get(token) ?? [];
  const kept = world.bus
    .stream("outcomes")
    .log(outcomesSubject({ ...IDENTITY, ...place }))
    .filter(({ headers }) => headers[HEADERS.append] !== undefined);
  const failures = outcomes.filter(({ end }) => end.kind === "failed" && end.failureClass !== "cancelled");
  return [
    ...(outcomes.length === 0 ? [`rollout ${token} has no outcome`] : []),
    ...(kept.length === outcomes.length
      ? []
      : [`${outcomes.length - kept.length} outcomes of ${token} are gone`]),
    ...(failures.length > maxAttempts ? [`rollout ${token} was tried ${failures.length} times`] : []),
  ];
}

/** The controller that ended the job counted each rollout once, by the outcome that ends it. */
function countProblems(world: World, rollouts: number, end: RunEnd): readonly string[] {
  const finals = new Map<string, number>();
  for (const { outcome, after } of world.counted) {
    const token = rolloutToken(outcome.place);
    if (after === "graded" || after === "final") finals.set(token, (finals.get(token) ?? 0) + 1);
  }
  const doubled = [...finals].filter(([, count]) => count > 1).map(([key]) => `rollout ${key} ended twice`);
  if (finals.size !== rollouts)
    doubled.push(
      `${rollouts - finals.size} rollouts have no final outcome in a job that ended ${end.reason}`,
    );
  return doubled;
}

/** The job's work is purged at its end. */
function leftovers(world: World): readonly string[] {
  const work = [...world.bus.stream("work").under(">", 0)]
    .filter((message) => !isLate(world, message))
    .map(({ subject }) => subject);
  return [
    ...work.map((subject) => `work is left behind: ${subject}`),
    ...world.farm.live.map(({ uid }) => `sandbox ${uid} is left behind`),
  ];
}

/** A settle request that was held up until the job's had been purged finds nobody; its attempt has its outcome. */
function isLate(world: World, { subject, sequence }: StoredMessage): boolean {
  const place = parseWorkSubject(subject);
  if (place?.kind !== "settle" || sequence <= world.settlePurgedAt) return false;
  const outcomes = world.referee.record.outcomes.get(rolloutToken(place)) ?? [];
  return outcomes.some(({ attempt }) => attempt >= place.attempt);
}
