import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import type { ModelAnswer, ModelClient, SampleRequest } from "../../../src/model/port.ts";
import type { AgentSetup } from "../../../src/rollout/agent-setup.ts";
import type { SeededRandom } from "./random.ts";

/** What a simulated agent is like. */
export interface SimulatedAgentOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly samplesPerItem: number;
  /** Chance that a model call fails for good in this attempt. */
  readonly modelFailureChance: number;
}

/** A setup whose model asks for tools for a few turns, then answers; whose tools run in the sandbox. */
export function simulatedAgent(options: SimulatedAgentOptions): AgentSetup {
  return {
    limits: { maxTurns: 10, maxToolCalls: 40, agentSeconds: 600 },
    samplesPerItem: options.samplesPerItem,
    tools: [{ name: "search" }],
    needsSandbox: true,
    recovery: { kind: "restart" },
    gradingNeedsSandbox: false,
    responseFormat: null,
    promptFor: () => [{ role: "user", content: "find it" }],
    model: simulatedModel(options),
    runTool: async ({ callId, session, signal }) => {
      if (session === null) throw new RollyardError("internal");
      const startedAtMs = options.clock.nowMs();
      const exec = { callId, argv: ["search"], timeoutMs: 1000, maxOutputBytes: 1000 };
      const result = await session.exec(exec, signal);
      return {
        output: result.stdout,
        result: "ok",
        exitCode: 0,
        startedAtMs,
        durationMs: result.durationMs,
        timedOut: false,
        outOfMemory: false,
        truncatedBytes: 0,
        replayed: result.replayed,
      };
    },
  };
}

function simulatedModel({ clock, random, modelFailureChance }: SimulatedAgentOptions): ModelClient {
  return {
    throttled: false,
    sample: async (request) => {
      const modelMs = random.between(5, 500);
      await clock.sleep(modelMs, request.signal);
      if (request.signal?.aborted) throw new RollyardError("model_connection_lost");
      if (random.chance(modelFailureChance)) throw new RollyardError("model_server_error");
      return answerOf(request, clock.nowMs() - modelMs, modelMs);
    },
  };
}

function answerOf(request: SampleRequest, startedAtMs: number, modelMs: number): ModelAnswer {
  const turn = request.history.filter(({ message }) => message.role === "assistant").length;
  const lastTurn = 1 + (request.rolloutIndex % 4);
  const calls = Array.from({ length: 1 + (turn % 3) }, (_, index) => ({
    id: `call_${turn}_${index}`,
    type: "function" as const,
    function: { name: "search", arguments: "{}" },
  }));
  const isLast = turn >= lastTurn;
  return {
    kind: "answer",
    message: isLast
      ? { role: "assistant", content: `turns=${turn}` }
      : { role: "assistant", content: null, tool_calls: calls },
    finishReason: isLast ? "stop" : "tool_calls",
    usage: { promptTokens: 10, completionTokens: 5, cachedTokens: 0, reasoningTokens: 0 },
    policyVersion: "sim",
    startedAtMs,
    modelMs,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
  };
}
