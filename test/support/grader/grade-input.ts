import type { EndpointReply, EndpointRequest } from "../../../src/grader/endpoint-caller.ts";
import type { AgentFiles } from "../../../src/grader/agent-files.ts";
import type { CleanSandbox } from "../../../src/grader/clean-sandbox.ts";
import type { GradeDeps, GradeInput, GraderWait } from "../../../src/grader/port.ts";
import { stayIn } from "../../../src/grader/grading-stay.ts";
import type { JsonObject, JsonValue } from "../../../src/lib/json.ts";
import { InstantClock } from "./instant-clock.ts";
import { noAgentFiles, noCleanSandbox } from "./no-sandbox.ts";

/** Something to grade: an item, and a sample that answered `output`. */
export function gradeInput(item: JsonObject, output: string, json?: JsonValue): GradeInput {
  return {
    item,
    sample: {
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: output, tool_calls: [], refusal: null },
          finish_reason: "stop",
        },
      ],
      output_text: output,
      ...(json === undefined ? {} : { output_json: json }),
      output_tools: [],
      output_reasoning_summary: null,
    },
    attempt: { rolloutId: "0123456789ab-3-1", traceId: "trace_test", attempt: 0 },
    trajectory: {
      turns: 1,
      calls: [],
      maxParallel: 0,
      repeatedCalls: 0,
      checkedBeforeAnswer: [],
      tokens: { prompt: 10, completion: 2 },
      answerCharacters: [...output].length,
      agentSeconds: 1.5,
    },
  };
}

/** What a test's grader met in the world. */
export interface RecordedWorld {
  readonly deps: GradeDeps;
  readonly calls: EndpointRequest[];
  readonly waits: GraderWait[];
  readonly clock: InstantClock;
  readonly stop: AbortController;
}

/** A world in which an endpoint gives these replies in turn, and a clean sandbox is what the test has. */
export function recordedWorld(
  replies: readonly EndpointReply[] = [],
  cleanSandbox: CleanSandbox = noCleanSandbox,
  agentFiles: AgentFiles = noAgentFiles,
): RecordedWorld {
  const calls: EndpointRequest[] = [];
  const waits: GraderWait[] = [];
  const clock = new InstantClock();
  const stop = new AbortController();
  let nonces = 0;
  const deps: GradeDeps = {
    clock,
    signal: stop.signal,
    agentFiles,
    cleanSandbox,
    endpointCaller: {
      post: async (request) => {
        calls.push(request);
        const reply = replies[calls.length - 1];
        if (reply === undefined) throw new Error("the test has no further reply");
        return reply;
      },
    },
    nonce: () => `nonce-${(nonces += 1)}`,
    timeLimitMs: 60_000,
    spend: () => undefined,
    countTokens: () => undefined,
    waitOut: async (wait) => {
      waits.push(wait);
    },
    stay: stayIn,
  };
  return { deps, calls, waits, clock, stop };
}

/** An endpoint's reply with this body. */
export function answered(body: string, status = 200, retryAfterMs: number | null = null): EndpointReply {
  return { kind: "answered", status, body, retryAfterMs };
}
