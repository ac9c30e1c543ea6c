import { SeededRandom } from "../../../../src/lib/seeded-random.ts";
import { makeFaults } from "../make-schedule.ts";
import type { ThemeName } from "../make-schedule.ts";
import type { Fault, Schedule, WorldShape } from "../schedule.ts";

/** What can happen to a hosted trainer's rollouts: no model of ours, no assignment, no job. */
const THEMES = [
  "crash",
  "pause",
  "cut",
  "drain",
  "publish",
  "read",
  "ack",
  "request",
  "outage",
  "redelivery",
  "leader",
  "full",
  "clock",
  "start",
  "sandbox",
  "endpoint",
  "blackout",
  "stale_sweep",
  "in_flight",
] as const satisfies readonly ThemeName[];

/** Two replicas, as the promise has it. */
const GATEWAYS = 2;
/** A clock that jumps further than a trace may idle for closes it, as it must. */
const LONGEST_JUMP_MS = 90_000;

/** The schedule of a seed for the rollouts of a hosted trainer; each item is one of them. */
export function makeTraceSchedule(seed: number, only: readonly ThemeName[] = THEMES): Schedule {
  const random = new SeededRandom(seed);
  const shape = makeShape(random);
  return { seed, shape, faults: makeFaults(random, shape, only).map(ofTraces) };
}

function makeShape(random: SeededRandom): WorldShape {
  const items = random.between(1, 4);
  return {
    replicas: random.chance(0.5) ? 1 : 3,
    items,
    samplesPerItem: 1,
    parallelism: items,
    workers: GATEWAYS,
    slots: 1,
    graders: random.skewed(1, 2),
    warmReplicas: random.chance(0.3) ? 1 : 0,
    maxAttempts: 1,
    agentSeconds: 600,
    toolTurns: random.between(0, 3),
    needsSandbox: true,
    recovery: "restart",
    gradingNeedsSandbox: random.chance(0.4),
    grader: random.chance(0.5) ? "endpoint" : "string_check",
  };
}

/** Gateways do here what workers do for jobs. */
function ofTraces(fault: Fault): Fault {
  if (fault.kind === "clock") {
    const byMs = Math.max(-LONGEST_JUMP_MS, Math.min(LONGEST_JUMP_MS, fault.byMs));
    return { ...fault, byMs, part: fault.part === "worker" ? "gateway" : fault.part };
  }
  return "part" in fault && fault.part === "worker" && fault.kind !== "poison"
    ? { ...fault, part: "gateway" }
    : fault;
}
