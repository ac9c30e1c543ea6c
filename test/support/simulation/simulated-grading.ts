import { compileGrader } from "../../../src/grader/compile-grader.ts";
import type { EndpointCaller, EndpointReply } from "../../../src/grader/endpoint-caller.ts";
import type { Grader } from "../../../src/grader/port.ts";
import { sampleFromAttempt } from "../../../src/grader/sample-from-attempt.ts";
import type { AttemptState } from "../../../src/rollout/state.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { diceOf } from "../../../src/lib/seeded-random.ts";
import type { WorldShape } from "./schedule.ts";
import type { SimProcess } from "./sim-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What every item's right answer is. */
export const RIGHT_ANSWER = "right";

/** The graders that worlds use, compiled once. */
export const GRADERS: Readonly<Record<WorldShape["grader"], Grader>> = {
  string_check: compileGrader(
    {
      type: "string_check",
      name: "any",
      operation: "eq",
      input: "{{ sample.output_text }}",
      reference: "{{ item.answer }}",
    },
    { passThreshold: 1 },
  ),
  endpoint: compileGrader(
    { type: "endpoint", name: "any", url: "http://grader.invalid/score" },
    { passThreshold: 1 },
  ),
};

/** The reward that an attempt's own content has; what graders say must be this. */
export function rewardOf(attempt: AttemptState, grader: WorldShape["grader"]): number {
  const { output_text: text } = sampleFromAttempt(attempt, { hasResponseFormat: false });
  return grader === "endpoint" ? scoreOf(text) : Number(text === RIGHT_ANSWER);
}

const MIN_MS = 5;
const MORE_MS = 800;

/** The graders' endpoint as a process reaches it. */
export function endpointOf(process: SimProcess, clock: VirtualClock, faults: FaultPlan): EndpointCaller {
  return {
    post: ({ body, signal }) =>
      process.call(async (): Promise<EndpointReply> => {
        await clock.sleep(MIN_MS + diceOf(body.length, clock.elapsedMs) * MORE_MS, signal);
        const trouble = faults.endpointTrouble(clock.elapsedMs);
        if (trouble === "refused") return { kind: "unreachable", reason: "ECONNREFUSED" };
        if (trouble === "busy") return answered(503, "busy");
        if (trouble === "broken") return answered(200, "no score");
        const { sample } = JSON.parse(body) as { sample: { output_text: string } };
        return answered(200, JSON.stringify({ score: scoreOf(sample.output_text) }));
      }),
  };
}

function answered(status: number, body: string): EndpointReply {
  return { kind: "answered", status, body, retryAfterMs: null };
}

/** Another text, another score. */
function scoreOf(text: string): number {
  return Math.round(diceOf(...Buffer.from(text)) * 1000) / 1000;
}
