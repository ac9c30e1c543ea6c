import type { Clock } from "../lib/clock.ts";
import { applyEvent } from "./apply-event.ts";
import type { EventAppender } from "./event-appender.ts";
import { newEvent } from "./events.ts";
import type { RolloutEvent } from "./events.ts";
import type { AttemptState } from "./state.ts";

/** An attempt's log in the hands of its driver: the state on record, and the one way to add to it. */
export class AttachedLog {
  readonly #appender: EventAppender;
  readonly #clock: Clock;
  readonly #onTurn: () => void;
  #attempt: AttemptState;

  /** Stream sequence of our `driver.attached`: the epoch of lease tokens. */
  readonly epoch: number;

  /** `onTurn` is called after each turn that is stored. */
  constructor(parts: {
    readonly appender: EventAppender;
    readonly clock: Clock;
    readonly attempt: AttemptState;
    readonly epoch: number;
    readonly onTurn: () => void;
  }) {
    this.#onTurn = parts.onTurn;
    this.#appender = parts.appender;
    this.#clock = parts.clock;
    this.#attempt = parts.attempt;
    this.epoch = parts.epoch;
  }

  /** The attempt as recorded, with what is on its way. */
  get attempt(): AttemptState {
    return this.#attempt;
  }

  /** Makes an event of now; it is not recorded yet. */
  event(kind: Parameters<typeof newEvent>[1]): RolloutEvent {
    return newEvent(this.#clock.nowMs(), kind);
  }

  /**
   * Records events in one message. Their effect is visible in `attempt` at once; the promise resolves with the stream
   * sequence once they are stored. Rejects with `log_conflict` when another driver took over.
   */
  record(events: readonly RolloutEvent[]): Promise<number> {
    this.#attempt = events.reduce((attempt, event) => applyEvent(attempt, event, this.epoch), this.#attempt);
    const stored = this.#appender.append(events);
    // Appends after a refused one are refused too, so a caller that goes on without waiting learns it at the next.
    const onTurn = events.some(({ kind }) => kind.case === "turnSampled") ? this.#onTurn : undefined;
    stored.then(onTurn, () => undefined);
    return stored;
  }
}
