import { HEADERS } from "../../../src/bus/port.ts";
import type { StoredMessage } from "../../../src/bus/port.ts";
import { foldRollout } from "../../../src/rollout/fold.ts";
import { decodeLogMessage } from "../../../src/rollout/log-message.ts";
import type { AttemptState } from "../../../src/rollout/state.ts";
import type { JobWorld } from "./job-world.ts";

/** Everything that a finished job breaks of the promise, as sentences; empty when it holds. */
export function brokenPromises(world: JobWorld, rollouts: number): readonly string[] {
  return [
    ...outcomeProblems(world, rollouts),
    ...chainProblems(world),
    ...logProblems(world),
    ...toolProblems(world),
  ];
}

/** One final outcome a rollout, whatever was delivered twice. */
function outcomeProblems(world: JobWorld, rollouts: number): string[] {
  const finals = new Map<string, number>();
  for (const { outcome, after } of world.outcomes) {
    const key = `${outcome.place.itemIndex}-${outcome.place.sampleIndex}`;
    if (after === "graded" || after === "final") finals.set(key, (finals.get(key) ?? 0) + 1);
  }
  const doubled = [...finals].filter(([, count]) => count !== 1);
  return [
    ...(finals.size === rollouts ? [] : [`${rollouts - finals.size} rollouts have no final outcome`]),
    ...doubled.map(([key, count]) => `rollout ${key} ended ${count} times`),
  ];
}

/** One outcome an attempt in the stream, and a reward only where it is graded. */
function chainProblems(world: JobWorld): string[] {
  const seen = new Set<string>();
  return messagesOf(world, "outcomes").flatMap(({ subject, headers }) => {
    const key = `${subject}/${headers[HEADERS.attempt]}`;
    const isRepeated = seen.has(key);
    seen.add(key);
    const isInvented = headers[HEADERS.outcome] === "failed" && headers[HEADERS.reward] !== undefined;
    return [
      ...(isRepeated ? [`two outcomes of ${key}`] : []),
      ...(isInvented ? [`a failed attempt has a reward: ${key}`] : []),
    ];
  });
}

/** Every log folds, and a call has an answer only from the sandbox of its own attempt. */
function logProblems(world: JobWorld): string[] {
  return attemptsOf(world).flatMap((attempt) =>
    attempt.turns
      .flatMap(({ calls }) => calls)
      .filter(({ returned }) => returned !== null && !returned.output.includes(`/${attempt.attempt}/`))
      .map((call) => `call ${call.turn}/${call.index} of ${attempt.rolloutId} has another attempt's answer`),
  );
}

/** A tool runs at most once, and only after its call is on record. */
function toolProblems(world: JobWorld): string[] {
  const recorded = new Set(
    attemptsOf(world).flatMap(({ rolloutId, attempt, turns }) =>
      turns.flatMap(({ calls }) =>
        calls.map(({ turn, index }) => `${rolloutId}/${attempt}/${turn}/${index}`),
      ),
    ),
  );
  return [...world.sandboxes.executions].flatMap(([callId, times]) => [
    ...(times > 1 ? [`tool call ${callId} ran ${times} times`] : []),
    ...(recorded.has(callId) ? [] : [`tool call ${callId} ran without a record`]),
  ]);
}

function attemptsOf(world: JobWorld): readonly AttemptState[] {
  const stream = world.bus.stream("events");
  return [...stream.subjects(">").keys()].flatMap(
    (subject) => foldRollout(stream.log(subject).map(decodeLogMessage)).attempts,
  );
}

function messagesOf(world: JobWorld, name: "outcomes"): readonly StoredMessage[] {
  const stream = world.bus.stream(name);
  return [...stream.subjects(">").keys()].flatMap((subject) => stream.log(subject));
}
