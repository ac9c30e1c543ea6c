import type { EndpointCaller } from "../../grader/endpoint-caller.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import type { SeededRandom } from "../../lib/seeded-random.ts";
import { readContractAnswer, statusOf } from "../contract-answer.ts";
import type { ContractAnswer } from "../contract-answer.ts";
import { CONTRACT_LIMITS } from "../contract-limits.ts";
import type { AnswerLoss } from "./trace-plan.ts";
import type { ReplicaEndpoints, SimulationTarget } from "./simulation-target.ts";

/** What the simulated trainer needs of the world. */
export interface LineDeps {
  readonly caller: EndpointCaller;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** A call to be sent until it is answered. */
export interface LineCall {
  readonly url: (replica: ReplicaEndpoints) => string;
  readonly body: string;
  readonly losses: readonly AnswerLoss[];
}

/** What the platform does after its calls: one that gives no answer four times ends its rollout. */
export type LineEnd =
  | { readonly kind: "answered"; readonly answer: ContractAnswer; readonly seen: readonly ContractAnswer[] }
  | { readonly kind: "discarded"; readonly last: ContractAnswer; readonly seen: readonly ContractAnswer[] };

/** What went over the line. */
export interface LineCounts {
  requests: number;
  retries: number;
  lostAnswers: number;
  serverErrors: number;
  silences: number;
}

/** A cut connection breaks within this time. */
const CUT_MS = 200;

/** Sends calls as the platforms document it: again after 5xx and after silence, three times at most. */
export class TrainerLine {
  readonly counts: LineCounts = { requests: 0, retries: 0, lostAnswers: 0, serverErrors: 0, silences: 0 };
  readonly #target: SimulationTarget;
  readonly #deps: LineDeps;
  readonly #clock: Clock;

  constructor(target: SimulationTarget, deps: LineDeps) {
    this.#target = target;
    this.#deps = deps;
    this.#clock = deps.clock ?? systemClock;
  }

  /** Sends one call until it is answered, or discarded. */
  async call(call: LineCall, random: SeededRandom): Promise<LineEnd> {
    const seen: ContractAnswer[] = [];
    const { replicas, retryMs } = this.#target;
    const first = random.between(0, replicas.length - 1);
    for (let attempt = 0; ; attempt += 1) {
      // A load balancer goes round: what failed at one replica is tried at the next.
      const replica = replicas[(first + attempt) % replicas.length];
      const loss = call.losses[attempt];
      const answer = await this.#send(
        replica === undefined ? "" : call.url(replica),
        call.body,
        this.#patience(loss, random),
      );
      if (statusOf(answer) > 0) seen.push(answer);
      if (loss === undefined && isFinal(answer)) return { kind: "answered", answer, seen };
      if (attempt === CONTRACT_LIMITS.retries || this.#deps.signal.aborted)
        return { kind: "discarded", last: answer, seen };
      this.#count(answer, loss);
      // Spread, so that the calls of a server that was killed do not all come back at once.
      await this.#clock.sleep(retryMs * 2 ** attempt * (0.5 + random.next()), this.#deps.signal);
    }
  }

  #patience(loss: AnswerLoss | undefined, random: SeededRandom): number {
    return loss === "cut" ? random.between(1, CUT_MS) : this.#target.timeoutMs;
  }

  #count(answer: ContractAnswer, loss: AnswerLoss | undefined): void {
    this.counts.retries += 1;
    if (loss !== undefined) this.counts.lostAnswers += 1;
    else if (answer.kind === "silent") this.counts.silences += 1;
    else this.counts.serverErrors += 1;
  }

  async #send(url: string, body: string, timeoutMs: number): Promise<ContractAnswer> {
    this.counts.requests += 1;
    const startMs = this.#clock.monotonicMs();
    const reply = await this.#deps.caller.post({
      url,
      headers: this.#target.headers,
      body,
      timeoutMs,
      maxResponseBytes: 4 * CONTRACT_LIMITS.answerBytes,
      signal: this.#deps.signal,
    });
    return readContractAnswer(reply, this.#clock.monotonicMs() - startMs);
  }
}

/** Whether the platform takes it for an answer: everything but 5xx and silence. */
function isFinal(answer: ContractAnswer): boolean {
  const status = statusOf(answer);
  return status > 0 && status < 500;
}
