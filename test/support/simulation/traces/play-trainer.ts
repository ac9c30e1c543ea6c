import { SeededRandom } from "../../../../src/lib/seeded-random.ts";
import { judgeTrace } from "../../../../src/trainer/simulation/judge-trace.ts";
import type { TraceRecord } from "../../../../src/trainer/simulation/judge-trace.ts";
import { simulateTrace } from "../../../../src/trainer/simulation/simulate-trace.ts";
import type { SimulationTarget } from "../../../../src/trainer/simulation/simulation-target.ts";
import { planTrace } from "../../../../src/trainer/simulation/trace-plan.ts";
import type { TracePlan } from "../../../../src/trainer/simulation/trace-plan.ts";
import { TrainerLine } from "../../../../src/trainer/simulation/trainer-line.ts";
import { RIGHT_ANSWER } from "../simulated-grading.ts";
import { NOTE_TOOL } from "./served-trace.ts";
import { replicaEndpoints, TraceNetwork } from "./trace-network.ts";
import type { TraceWorld } from "./trace-world.ts";

/** Beside what the plans of the simulated trainer have: rare things come more often in so few rollouts. */
const MORE = { abandoned: 0.15, doubledGrade: 0.2, lateCall: 0.25, doubledCall: 0.15 } as const;
const LATEST_START_MS = 1000;

/** Plays the rollouts of a schedule as `rollyard trainer simulate` plays them, and tells the referee what broke for the trainer. */
export async function playTrainer(world: TraceWorld): Promise<void> {
  const { schedule, clock, gateways, random } = world;
  const target: SimulationTarget = {
    replicas: replicaEndpoints(schedule.shape.workers),
    headers: {},
    toolName: NOTE_TOOL,
    callJson: JSON.stringify({ mark: "{{mark}}" }),
    auditJson: "{}",
    scoreRule: "answer",
    timeoutMs: 600_000,
    retryMs: 200,
  };
  const caller = new TraceNetwork(gateways, clock, random);
  const line = new TrainerLine(target, { caller, clock, signal: new AbortController().signal });
  await Promise.all(
    Array.from({ length: schedule.shape.items }, async (_, index) => {
      const dice = new SeededRandom(schedule.seed * 31 + index);
      await clock.sleep(dice.skewed(1, LATEST_START_MS));
      const record = await simulateTrace(planOf(world, index, dice), target, line);
      world.referee.blame(...problemsOf(world, record));
    }),
  );
}

function planOf({ schedule: { seed, shape } }: TraceWorld, index: number, dice: SeededRandom): TracePlan {
  const plan = planTrace(index, { seed, runId: "sim", rows: 1 });
  const turns = plan.turns.slice(0, shape.toolTurns);
  return {
    ...plan,
    item: { answer: RIGHT_ANSWER },
    answer: plan.isRight ? RIGHT_ANSWER : plan.answer,
    turns: turns.map((calls) =>
      calls.map((call) => ({ ...call, isDoubled: call.isDoubled || dice.chance(MORE.doubledCall) })),
    ),
    isAbandoned: dice.chance(MORE.abandoned),
    isGradeDoubled: dice.chance(MORE.doubledGrade),
    hasLateCall: dice.chance(MORE.lateCall),
  };
}

/** A sandbox that the rollout's own command has ended shows nothing any more; what an endpoint scores is the referee's. */
function problemsOf({ schedule: { shape }, farm }: TraceWorld, record: TraceRecord): readonly string[] {
  const isKilled = [...farm.sandboxes.values()].some(({ end }) => end?.kind === "killed_by_agent");
  return judgeTrace(isKilled ? { ...record, audit: null } : record, "answer").flatMap(
    ({ kind, traceId, evidence }) =>
      kind === "wrong_score" && shape.grader === "endpoint" ? [] : [`${kind} in ${traceId}: ${evidence}`],
  );
}
