import { SeededRandom } from "../../lib/seeded-random.ts";
import { sampleOf } from "../contract-requests.ts";
import type { GradeRequest, ToolRequest } from "../contract-requests.ts";
import { isLost } from "./judge-trace.ts";
import type { MadeCall, TraceRecord } from "./judge-trace.ts";
import type { ReplicaEndpoints, SimulationTarget } from "./simulation-target.ts";
import type { AnswerLoss, CallPlan, TracePlan } from "./trace-plan.ts";
import type { LineEnd, TrainerLine } from "./trainer-line.ts";

const UNKNOWN_TOOL = "no_such_tool";
const BROKEN_ARGUMENTS = '{"command": ';

/** Plays one rollout as its plan has it; ends early when a call gets no answer, as the platform does. */
export async function simulateTrace(
  plan: TracePlan,
  target: SimulationTarget,
  line: TrainerLine,
): Promise<TraceRecord> {
  const player = new TracePlayer(plan, target, line);
  const calls: MadeCall[] = [];
  const end = (more: Partial<TraceRecord> = {}): TraceRecord => ({
    plan,
    calls,
    audit: null,
    grades: [],
    late: null,
    ...more,
  });
  for (const turn of plan.turns) {
    calls.push(...(await Promise.all(turn.map((call) => player.make(call)))));
    const over = await player.afterDiscard(calls.flatMap(({ ends }) => ends));
    if (over !== null) return end({ grades: over });
  }
  if (plan.isAbandoned) return end();
  const audit = plan.turns.length === 0 ? null : await player.audit();
  const over = await player.afterDiscard(audit === null ? [] : [audit]);
  if (over !== null) return end({ audit, grades: over });
  const grades = await player.grade();
  if (!plan.hasLateCall || grades.some(isDiscarded)) return end({ audit, grades });
  return end({ audit, grades, late: await player.make(LATE_CALL) });
}

const LATE_CALL: CallPlan = { callId: "call_late", kind: "command", losses: [], isDoubled: false };

class TracePlayer {
  readonly #plan: TracePlan;
  readonly #target: SimulationTarget;
  readonly #line: TrainerLine;
  /** Of the line's noise: replicas, waits. What is sent follows from the plan alone. */
  readonly #random: SeededRandom;

  constructor(plan: TracePlan, target: SimulationTarget, line: TrainerLine) {
    this.#plan = plan;
    this.#target = target;
    this.#line = line;
    this.#random = new SeededRandom(plan.index);
  }

  async make(plan: CallPlan): Promise<MadeCall> {
    const mark = `${this.#plan.traceId}/${plan.callId}`;
    const toolName = plan.kind === "unknown_tool" ? UNKNOWN_TOOL : this.#target.toolName;
    const argumentsJson =
      plan.kind === "bad_arguments" ? BROKEN_ARGUMENTS : this.#target.callJson.replaceAll("{{mark}}", mark);
    const send = (losses: readonly AnswerLoss[]): Promise<LineEnd> =>
      this.#callTool({ toolName, callId: plan.callId, argumentsJson, losses });
    const ends = await Promise.all(plan.isDoubled ? [send(plan.losses), send([])] : [send(plan.losses)]);
    return { plan, mark, ends };
  }

  audit(): Promise<LineEnd> {
    const { toolName, auditJson } = this.#target;
    return this.#callTool({ toolName, callId: "call_audit", argumentsJson: auditJson, losses: [] });
  }

  grade(): Promise<LineEnd[]> {
    const { traceId, item, answer, gradeLosses, isGradeDoubled } = this.#plan;
    const request: GradeRequest = { sample: sampleOf(answer), item, trace_id: traceId };
    const body = JSON.stringify(request);
    const send = (losses: readonly AnswerLoss[]): Promise<LineEnd> =>
      this.#line.call({ url: ({ graderUrl }) => graderUrl, body, losses }, this.#random);
    return Promise.all(isGradeDoubled ? [send(gradeLosses), send([])] : [send(gradeLosses)]);
  }

  /** Null while no call was discarded. No platform asks for the grade then; one that scores a lost call would score a broken environment. */
  async afterDiscard(ends: readonly LineEnd[]): Promise<readonly LineEnd[] | null> {
    if (ends.some(isLost)) return this.grade();
    return ends.some(isDiscarded) ? [] : null;
  }

  #callTool(call: {
    readonly toolName: string;
    readonly callId: string;
    readonly argumentsJson: string;
    readonly losses: readonly AnswerLoss[];
  }): Promise<LineEnd> {
    const { traceId, item } = this.#plan;
    const request: ToolRequest = {
      type: "function_call",
      id: `fc_${call.callId}`,
      call_id: call.callId,
      name: call.toolName,
      arguments: call.argumentsJson,
      trace_id: traceId,
      item,
    };
    const url = (replica: ReplicaEndpoints): string =>
      toolUrlOf(replica, this.#target.toolName, call.toolName);
    return this.#line.call({ url, body: JSON.stringify(request), losses: call.losses }, this.#random);
  }
}

/** The address of another tool beside this one, where addresses end in the tool's name. */
function toolUrlOf({ toolUrl }: ReplicaEndpoints, toolName: string, other: string): string {
  const end = `/${toolName}`;
  return toolUrl.endsWith(end) ? `${toolUrl.slice(0, -end.length)}/${other}` : toolUrl;
}

function isDiscarded({ kind }: LineEnd): boolean {
  return kind === "discarded";
}
