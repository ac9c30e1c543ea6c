import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { ModelAnswer, ModelClient, ModelStop, SampleRequest } from "../../../src/model/port.ts";
import type { AgentSetup, ToolRun, ToolRunner } from "../../../src/rollout/agent-setup.ts";
import type { ExecResult } from "../../../src/sandbox/port.ts";
import type { FaultPlan } from "./fault-plan.ts";
import { diceOf } from "../../../src/lib/seeded-random.ts";
import type { Schedule, WorldShape } from "./schedule.ts";
import type { SimProcess } from "./sim-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What the model of a world runs on. */
export interface ModelParts {
  readonly schedule: Schedule;
  readonly clock: VirtualClock;
  readonly faults: FaultPlan;
  /** A process asks for a turn of a rollout; it may die of it. */
  readonly onCall: (process: SimProcess, rollout: number, turn: number) => void;
  /** A call was given up because the agent's time was over. */
  readonly onDeadline: (rollout: number) => void;
}

/** The model server of a world: what it answers differs from call to call, as a sampled policy's does. */
export class SimulatedModel {
  /** Model calls so far. */
  calls = 0;
  readonly #parts: ModelParts;

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  /** The model as a process has it. */
  clientOf(process: SimProcess): ModelClient {
    return {
      throttled: false,
      sample: (request) => {
        this.#parts.onCall(process, request.rolloutIndex, turnOf(request));
        return process.call(() => this.#sample(request));
      },
    };
  }

  async #sample(request: SampleRequest): Promise<ModelAnswer | ModelStop> {
    const { clock, faults, schedule } = this.#parts;
    const serial = (this.calls += 1);
    const trouble = faults.nextModelCall();
    const dice = (what: number): number => diceOf(schedule.seed, request.rolloutIndex, serial, what);
    const modelMs = 5 + Math.floor(dice(1) * 300) + (typeof trouble === "number" ? trouble : 0);
    const startedAtMs = clock.nowMs();
    await clock.sleep(Math.min(modelMs, request.remainingMs), request.signal);
    if (request.signal?.aborted) throw new RollyardError("model_connection_lost");
    if (modelMs > request.remainingMs) {
      this.#parts.onDeadline(request.rolloutIndex);
      return { kind: "stopped", reason: "agent_deadline", modelMs: request.remainingMs };
    }
    if (typeof trouble === "string") throw new RollyardError(trouble, { details: { status: 500 } });
    return { ...answerOf(request, schedule.shape, dice), startedAtMs, modelMs };
  }
}

function turnOf(request: SampleRequest): number {
  return request.history.filter(({ message }) => message.role === "assistant").length;
}

type Answered = Omit<ModelAnswer, "startedAtMs" | "modelMs">;

function answerOf(request: SampleRequest, shape: WorldShape, dice: (what: number) => number): Answered {
  const turn = turnOf(request);
  const isLast = turn >= shape.toolTurns || dice(2) < 0.2;
  const calls = Array.from({ length: 1 + Math.floor(dice(3) * 2.4) }, (_, index) => ({
    id: `call_${turn}_${index}`,
    type: "function" as const,
    function: { name: "search", arguments: "{}" },
  }));
  const text = dice(4) < 0.5 ? "right" : `wrong ${Math.floor(dice(5) * 1e6)}`;
  return {
    kind: "answer",
    message: isLast
      ? { role: "assistant", content: text }
      : { role: "assistant", content: null, tool_calls: calls },
    finishReason: isLast ? "stop" : "tool_calls",
    usage: { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 },
    policyVersion: "sim",
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
  };
}

/** A setup whose tools run in the sandbox, or in the worker itself when the world has no sandboxes. */
export function simulatedAgent(shape: WorldShape, model: ModelClient, process: SimProcess): AgentSetup {
  return {
    limits: { maxTurns: 10, maxToolCalls: 40, agentSeconds: shape.agentSeconds },
    samplesPerItem: shape.samplesPerItem,
    tools: [{ name: "search" }],
    needsSandbox: shape.needsSandbox,
    recovery:
      shape.recovery === "replay"
        ? { kind: "replay", runsInSandbox: () => true, mask: (text) => text }
        : { kind: "restart" },
    gradingNeedsSandbox: shape.gradingNeedsSandbox,
    responseFormat: null,
    promptFor: () => [{ role: "user", content: "find it" }],
    model,
    runTool: toolRunner(process),
  };
}

function toolRunner(process: SimProcess): ToolRunner {
  return async ({ callId, session, signal }) => {
    const startedAtMs = process.clock.nowMs();
    const { stdout, exitCode, durationMs, replayed } = await runTool(process, callId, { session, signal });
    const result = exitCode === 0 ? "ok" : "failed";
    const flags = { timedOut: false, outOfMemory: false, truncatedBytes: 0, replayed };
    return { output: stdout, result, exitCode, startedAtMs, durationMs, ...flags };
  };
}

async function runTool(
  process: SimProcess,
  callId: string,
  { session, signal }: Pick<ToolRun, "session" | "signal">,
): Promise<Pick<ExecResult, "stdout" | "exitCode" | "durationMs" | "replayed">> {
  if (session !== null)
    return session.exec({ callId, argv: ["search"], timeoutMs: 1000, maxOutputBytes: 1000 }, signal);
  await process.clock.sleep(5, signal);
  return { stdout: `ran ${callId}`, exitCode: 0, durationMs: 5, replayed: false };
}
