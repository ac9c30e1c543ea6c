import type { LogStore, OutgoingMessage, StoredMessage } from "../bus/port.ts";
import { HEADERS } from "../bus/port.ts";
import { outcomesSubject } from "../bus/subjects.ts";
import type { GradeTask } from "./grade-request.ts";
import { decideByOutcomes, outcomeAttempt } from "./outcome-decision.ts";
import type { OutcomeDecision } from "./outcome-decision.ts";
import { pauseBefore, untilAnswered } from "./patience.ts";
import type { Patience } from "./patience.ts";

/** What became of an outcome that was to be published. */
export type RecordResult =
  /** Ours is the attempt's outcome. */
  { readonly kind: "recorded" } | Exclude<OutcomeDecision, { kind: "open" }>;

/** Whose outcome is wanted. */
export type ChainTask = Pick<GradeTask, "parts" | "attempt" | "outcomeAfter">;

/** A rollout's chain of outcomes as whoever ends an attempt sees it. */
export class OutcomeChain {
  readonly #store: LogStore;
  readonly #task: ChainTask;
  readonly #patience: Patience;

  constructor(store: LogStore, task: ChainTask, patience: Patience) {
    this.#store = store;
    this.#task = task;
    this.#patience = patience;
  }

  /** Reads the chain's end from the leader, waiting for a lost bus, and decides. */
  async decide(): Promise<OutcomeDecision> {
    return decideByOutcomes(await this.#messages(), this.#task);
  }

  /**
   * Publishes the outcome until it is certain that it, or another that ends the attempt, is stored. A refusal decides
   * nothing by itself: the subject is read.
   */
  async record(message: OutgoingMessage, expectedLastSequence: number): Promise<RecordResult> {
    let expected = expectedLastSequence;
    for (let tries = 1; ; tries += 1) {
      this.#patience.signal.throwIfAborted();
      const result = await this.#store.publish({ ...message, expectedLastSequence: expected });
      if (result.kind === "stored") return { kind: "recorded" };
      if (result.kind !== "full") {
        const decision = await this.#decideAfter(message);
        if (decision.kind !== "open") return decision;
        expected = decision.expectedLastSequence;
      }
      await pauseBefore(tries, this.#patience);
    }
  }

  async #decideAfter(message: OutgoingMessage): Promise<OutcomeDecision | RecordResult> {
    const messages = await this.#messages();
    const own = message.headers?.[HEADERS.append];
    const isOwn = (stored: StoredMessage): boolean => stored.headers[HEADERS.append] === own;
    if (own !== undefined && messages.some(isOwn)) return { kind: "recorded" };
    return decideByOutcomes(messages, this.#task);
  }

  /** The last message, or the whole chain when the last is void; never older than what the leader has. */
  async #messages(): Promise<readonly StoredMessage[]> {
    const subject = outcomesSubject(this.#task.parts);
    const last = await untilAnswered(
      () => this.#store.readLast("outcomes", subject, { fromLeader: true }),
      this.#patience,
    );
    if (last === null) return [];
    if (outcomeAttempt(last) !== null) return [last];
    for (let tries = 1; ; tries += 1) {
      const chain = await untilAnswered(() => this.#store.read("outcomes", subject), this.#patience);
      if ((chain.at(-1)?.sequence ?? 0) >= last.sequence) return chain;
      await pauseBefore(tries, this.#patience);
    }
  }
}
