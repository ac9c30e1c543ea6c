import { randomUUID } from "node:crypto";
import type { EndpointCaller } from "../../grader/endpoint-caller.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { readContractAnswer } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";
import { sampleOf } from "../contract-requests.ts";
import type { GradeRequest, ToolRequest } from "../contract-requests.ts";
import type { ConformanceTarget } from "./conformance-target.ts";

/** What the bench needs of the world. */
export interface BenchDeps {
  readonly caller: EndpointCaller;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly newId?: () => string;
}

/** Which of the two endpoints. */
export type Side = "tools" | "grader";

/** A call and what came of it, for the rules that hold for all calls. */
export interface ObservedCall {
  readonly side: Side;
  readonly answer: ContractAnswer;
}

/** How a call differs from a plain one. */
export interface RawCall {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
}

/** Sends the calls of the checks as a platform would, remembers every answer, and which traces were opened. */
export class ConformanceBench {
  readonly target: ConformanceTarget;
  readonly #deps: BenchDeps;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #observed: ObservedCall[] = [];
  readonly #open = new Set<string>();

  constructor(target: ConformanceTarget, deps: BenchDeps) {
    this.target = target;
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
    this.#newId = deps.newId ?? randomUUID;
  }

  /** Every call so far. */
  get observed(): readonly ObservedCall[] {
    return this.#observed;
  }

  /** Traces that have had a call and no score. */
  get openTraces(): readonly string[] {
    return [...this.#open];
  }

  /** The id of a rollout that nobody has seen. */
  newTrace(): string {
    return `trace_${this.#newId()}`;
  }

  /** A request that the tool takes: the arguments as given, a call id of its own. */
  toolRequest(traceId: string, fields: Partial<ToolRequest> = {}): ToolRequest {
    const { toolName, argumentsJson, item } = this.target;
    return {
      type: "function_call",
      id: `fc_${this.#newId()}`,
      call_id: `call_${this.#newId()}`,
      name: toolName,
      arguments: argumentsJson,
      trace_id: traceId,
      item,
      ...fields,
    };
  }

  /** A request that the grader takes. */
  gradeRequest(traceId: string, fields: Partial<GradeRequest> = {}): GradeRequest {
    return { sample: sampleOf("The answer."), item: this.target.item, trace_id: traceId, ...fields };
  }

  /** Calls the tool. */
  async callTool(request: ToolRequest, fields: Omit<RawCall, "body"> = {}): Promise<ContractAnswer> {
    this.#open.add(request.trace_id);
    return await this.send("tools", { body: JSON.stringify(request), ...fields });
  }

  /** Asks for the score of a trace. */
  async grade(request: GradeRequest): Promise<ContractAnswer> {
    const answer = await this.send("grader", { body: JSON.stringify(request) });
    if (answer.kind === "answered" && answer.status === 200) this.#open.delete(request.trace_id);
    return answer;
  }

  /** Sends any body to one of the endpoints. */
  async send(side: Side, { body, headers, url }: RawCall): Promise<ContractAnswer> {
    const { target } = this;
    const startMs = this.#clock.monotonicMs();
    const reply = await this.#deps.caller.post({
      url: url ?? (side === "tools" ? target.toolUrl : target.graderUrl),
      headers: headers ?? target.headers,
      body,
      timeoutMs: target.timeoutMs,
      maxResponseBytes: 4 * CONTRACT_LIMITS.answerBytes,
      signal: this.#deps.signal,
    });
    const answer = readContractAnswer(reply, this.#clock.monotonicMs() - startMs);
    this.#observed.push({ side, answer });
    return answer;
  }

  /** Grades what the checks have left open, so that nothing of them keeps a sandbox. */
  async closeTraces(): Promise<void> {
    await Promise.all(this.openTraces.map((traceId) => this.grade(this.gradeRequest(traceId))));
  }
}
