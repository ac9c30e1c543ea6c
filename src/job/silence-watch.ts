import type { Bus, Subscription } from "../bus/port.ts";
import { STREAM_NAMES } from "../bus/stream-settings.ts";
import type { StreamName } from "../bus/streams.ts";
import { silentSubject } from "../bus/subjects.ts";
import type { Clock } from "../lib/clock.ts";

/** Who tells does so each 5 s while it lasts. */
const HEARD_OF_MS = 15_000;

/** The streams that answer nothing: here, and where the others tell of it. */
export class SilenceWatch {
  readonly #bus: Pick<Bus, "listen" | "silentStreams">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #heardMs = new Map<string, number>();

  constructor(bus: Pick<Bus, "listen" | "silentStreams">, clock: Pick<Clock, "monotonicMs">) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** Begins to hear. */
  listen(): Promise<Subscription> {
    return this.#bus.listen(silentSubject("*"), (_payload, subject) => {
      this.#heardMs.set(subject, this.#clock.monotonicMs());
    });
  }

  get streams(): readonly StreamName[] {
    const own = this.#bus.silentStreams();
    // Asked each round, and nearly always for nothing.
    if (own.length + this.#heardMs.size === 0) return own;
    const sinceMs = this.#clock.monotonicMs() - HEARD_OF_MS;
    const isHeard = (stream: StreamName): boolean =>
      (this.#heardMs.get(silentSubject(stream)) ?? -Infinity) >= sinceMs;
    return STREAM_NAMES.filter((stream) => own.includes(stream) || isHeard(stream));
  }
}
