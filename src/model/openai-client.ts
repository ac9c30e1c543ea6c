import { RollyardError } from "../errors/rollyard-error.ts";
import { passResult } from "./endpoint-gate.ts";
import { withNewestKey } from "./api-key.ts";
import type { EndpointGate, GatePass } from "./endpoint-gate.ts";
import { createSendOnce } from "./model-calls.ts";
import type { EndpointAccess, SendOnce } from "./model-calls.ts";
import { modelError } from "./model-error.ts";
import type { ModelRuntime } from "./model-runtime.ts";
import type { ModelAnswer, ModelClient, ModelStop, SampleRequest } from "./port.ts";
import { FRESH_LEDGER, decideRetry } from "./retry.ts";
import type { RetryLedger } from "./retry.ts";
import { isKeyRefused } from "./try-outcome.ts";
import type { ParsedAnswer, TryOutcome } from "./try-outcome.ts";

/**
 * A client of one job's endpoint over the process's runtime.
 * Throws `model_bad_request` when `extraBody` asks for a stream, which the client does not read.
 */
export function createModelClient(access: EndpointAccess, runtime: ModelRuntime): ModelClient {
  const { extraBody } = access.spec;
  if (extraBody?.["stream"] === true) {
    throw new RollyardError("model_bad_request", {
      message: "spec.model.extraBody.stream: answers are read whole; remove it.",
    });
  }
  return new OpenAiModelClient(access, runtime);
}

/** One try, timed. */
interface TimedTry {
  readonly outcome: TryOutcome;
  readonly startedAtMs: number;
  readonly modelMs: number;
}

/** One model call over all its tries. */
interface Call {
  readonly request: SampleRequest;
  readonly ticket: number;
  readonly beganAtMs: number;
}

class OpenAiModelClient implements ModelClient {
  readonly #access: EndpointAccess;
  readonly #runtime: ModelRuntime;
  readonly #gate: EndpointGate;
  readonly #sendOnce: SendOnce;

  constructor(access: EndpointAccess, runtime: ModelRuntime) {
    this.#access = access;
    this.#runtime = runtime;
    this.#gate = runtime.gateOf(access.spec.baseURL);
    this.#sendOnce = createSendOnce(access, runtime.transport, runtime.clock);
  }

  get throttled(): boolean {
    return this.#gate.isThrottled;
  }

  async sample(request: SampleRequest): Promise<ModelAnswer | ModelStop> {
    if (request.remainingMs <= 0) return { kind: "stopped", reason: "agent_deadline", modelMs: 0 };
    const call = {
      request,
      ticket: this.#gate.takeTicket(),
      beganAtMs: this.#runtime.clock.monotonicMs(),
    };
    let ledger: RetryLedger = FRESH_LEDGER;
    for (let tries = 1; ; tries += 1) {
      const tried = await withNewestKey(
        this.#access.apiKey,
        ({ outcome }) => isKeyRefused(outcome),
        () => this.#try(call),
      );
      const { outcome } = tried;
      if (outcome.kind === "answered") return this.#answer(call, tried, outcome.answer);
      if (outcome.kind === "stopped") {
        return { kind: "stopped", reason: outcome.reason, modelMs: tried.modelMs };
      }
      ledger = await this.#nextTry(ledger, outcome, { tries, signal: request.signal });
    }
  }

  /** Waits until the call may be tried again; throws when it may not. */
  async #nextTry(
    ledger: RetryLedger,
    outcome: Extract<TryOutcome, { kind: "failed" | "refused" }>,
    { tries, signal }: { readonly tries: number; readonly signal: AbortSignal | undefined },
  ): Promise<RetryLedger> {
    const { clock, random, logger } = this.#runtime;
    const isUnknownEndpoint = this.#gate.isUnknown;
    const at = { nowMs: clock.monotonicMs(), random: random(), isUnknownEndpoint };
    const decision = decideRetry(ledger, outcome, at);
    if (decision.kind === "give_up") {
      if (outcome.kind === "failed" && outcome.code === "model_unreachable") this.#gate.giveUp();
      throw modelError(outcome, this.#access.spec, tries);
    }
    if (outcome.kind === "failed") {
      logger.debug("model call is tried again", { code: outcome.code, ...outcome.details });
    }
    if (decision.delayMs > 0) await clock.sleep(decision.delayMs, signal);
    return decision.ledger;
  }

  async #try(call: Call): Promise<TimedTry> {
    const { clock, metrics } = this.#runtime;
    const { request, ticket } = call;
    const pass = await this.#gate.enter(ticket, request.signal);
    const startedAtMs = clock.nowMs();
    const sentAtMs = clock.monotonicMs();
    const outcome = await this.#send(request, pass);
    const modelMs = clock.monotonicMs() - sentAtMs;
    metrics.modelRequestEnded(outcome.kind, modelMs / 1000);
    return { outcome, startedAtMs, modelMs };
  }

  async #send(request: SampleRequest, pass: GatePass): Promise<TryOutcome> {
    const requestMs = this.#access.spec.requestTimeoutSeconds * 1000;
    const wallMs = Math.min(requestMs, request.remainingMs);
    try {
      const outcome = await this.#sendOnce(request, { wallMs, signal: request.signal });
      pass.end(passResult(outcome));
      return endedByAgent(outcome, request.remainingMs <= requestMs);
    } catch (thrown) {
      pass.end({ kind: "failed" });
      throw thrown;
    }
  }

  #answer(call: Call, tried: TimedTry, answer: ParsedAnswer): ModelAnswer {
    const { clock, metrics } = this.#runtime;
    const { startedAtMs, modelMs } = tried;
    if (answer.usage !== null) metrics.modelTokens(answer.usage);
    const waitedMs = Math.max(0, clock.monotonicMs() - call.beganAtMs - modelMs);
    return { kind: "answer", ...answer, startedAtMs, modelMs, waitedMs };
  }
}

/** A wall cap that was the agent's own remaining time is the agent's end, not the endpoint's fault. */
function endedByAgent(outcome: TryOutcome, isAgentCap: boolean): TryOutcome {
  const isWall = outcome.kind === "failed" && outcome.details["network"] === "WALL";
  return isWall && isAgentCap ? { kind: "stopped", reason: "agent_deadline" } : outcome;
}
