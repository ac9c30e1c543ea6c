import { HEADERS } from "../../../../src/bus/port.ts";
import { outcomesSubject, traceOwner } from "../../../../src/bus/subjects.ts";
import { parseRolloutPlace } from "../../../../src/rollout/ids.ts";
import { SERVED } from "./served-trace.ts";
import type { TraceWorld } from "./trace-world.ts";

/** What traces leave behind that they must not once all of them are over, as sentences. */
export function traceProblems(world: TraceWorld): readonly string[] {
  const { referee, farm, bus, schedule } = world;
  const work = [...bus.stream("work").subjects(">").keys()];
  const leased = farm.live.filter(({ uid }) => referee.leases.get(uid)?.state === "leased");
  const isTooMany = farm.live.length > schedule.shape.warmReplicas;
  return [
    ...[...referee.logs.keys()].flatMap((token) => outcomeProblems(world, token)),
    ...work.map((subject) => `work is left behind: ${subject}`),
    ...leased.map(({ uid }) => `sandbox ${uid} is left behind, leased`),
    ...(isTooMany ? [`${farm.live.length} sandboxes live, of which none is needed`] : []),
  ];
}

function outcomeProblems({ referee, bus }: TraceWorld, token: string): readonly string[] {
  if (referee.attempt(token) === null) return [];
  const place = parseRolloutPlace(token) ?? { itemIndex: 0, sampleIndex: 0 };
  const jobUid = traceOwner(SERVED.environmentUid);
  const subject = outcomesSubject({ namespace: SERVED.namespace, jobUid, ...place });
  const kept = bus.stream("outcomes").log(subject);
  const outcomes = kept.filter(({ headers }) => headers[HEADERS.append] !== undefined);
  return outcomes.length === 1 ? [] : [`trace ${token} has ${outcomes.length} outcomes`];
}
