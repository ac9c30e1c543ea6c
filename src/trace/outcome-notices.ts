import type { Messenger, Subscription } from "../bus/port.ts";
import { outcomesFilter, outcomesSubject } from "../bus/subjects.ts";
import type { RolloutSubjectParts } from "../bus/subjects.ts";
import type { Clock } from "../lib/clock.ts";

/** One who waits for a rollout's outcome. */
export interface OutcomeWatch {
  /** False while nothing would be heard: who waits has to look more often. */
  readonly isHearing: boolean;
  stop(): void;
}

interface Listening {
  /** Who is to be told, by the subject of the rollout's outcomes. */
  readonly told: Map<string, Set<() => void>>;
  /** Null until the bus has it, and for ever where it does not let us. */
  subscription: Subscription | null;
  usedAtMs: number;
}

/** An environment whose outcomes nobody waits for is not listened to any more after so long. */
const DEAF_AFTER_MS = 60_000;

/**
 * Hears of outcomes as they are sent to their stream. That is a hint to look and nothing else: what is sent may be refused, and what
 * is heard may not be stored yet. Where the bus forbids to listen, or a notice is lost, whoever waits finds the outcome by looking.
 */
export class OutcomeNotices {
  readonly #messenger: Pick<Messenger, "listen">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** By the filter of an environment's outcomes. */
  readonly #listening = new Map<string, Listening>();

  constructor(messenger: Pick<Messenger, "listen">, clock: Pick<Clock, "monotonicMs">) {
    this.#messenger = messenger;
    this.#clock = clock;
  }

  /** Tells of each outcome of a rollout that is sent from now on. */
  watch(parts: RolloutSubjectParts, onNotice: () => void): OutcomeWatch {
    const listening = this.#listenTo(outcomesFilter(parts));
    const subject = outcomesSubject(parts);
    const told = listening.told.get(subject) ?? new Set();
    // One of its own, for the same function may be given twice.
    const tell = (): void => onNotice();
    listening.told.set(subject, told.add(tell));
    return {
      get isHearing() {
        return listening.subscription !== null;
      },
      stop: () => {
        told.delete(tell);
        if (told.size === 0 && listening.told.get(subject) === told) listening.told.delete(subject);
        listening.usedAtMs = this.#clock.monotonicMs();
      },
    };
  }

  /** Stops listening where nobody has waited for a while; to be called now and then. */
  sweep(): void {
    const before = this.#clock.monotonicMs() - DEAF_AFTER_MS;
    for (const [filter, { told, subscription, usedAtMs }] of this.#listening) {
      if (told.size > 0 || usedAtMs > before) continue;
      this.#listening.delete(filter);
      subscription?.stop().catch(() => undefined);
    }
  }

  #listenTo(filter: string): Listening {
    const known = this.#listening.get(filter);
    if (known !== undefined) return known;
    const listening: Listening = { told: new Map(), subscription: null, usedAtMs: this.#clock.monotonicMs() };
    this.#listening.set(filter, listening);
    const tell = (_payload: Uint8Array, subject: string): void => {
      for (const each of listening.told.get(subject) ?? []) each();
    };
    this.#messenger.listen(filter, tell).then(
      (subscription) => {
        listening.subscription = subscription;
        if (this.#listening.get(filter) !== listening) subscription.stop().catch(() => undefined);
      },
      () => undefined,
    );
    return listening;
  }
}
