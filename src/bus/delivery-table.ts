import type { WorkDelivery } from "./port.ts";

/** A message of work that was delivered more than once. */
export interface RepeatedDelivery {
  readonly subject: string;
  /** As the newest delivery counts. */
  readonly deliveries: number;
}

/**
 * The messages that a process was given more than once and has not acknowledged: what a person on call looks at first
 * when something kills its workers. Bounded: the oldest entries go. It can't see what other processes were given, nor
 * which of its own another process has acknowledged meanwhile; whoever reads it asks the stream which are still there.
 */
export class DeliveryTable {
  readonly #counts = new Map<string, number>();
  readonly #most: number;

  constructor(most = 1000) {
    this.#most = most;
  }

  /** Counts a delivery; what is returned is the same delivery and leaves the table when it is acknowledged. */
  watch(delivery: WorkDelivery): WorkDelivery {
    const { deliveries, subject } = delivery;
    if (deliveries <= 1) return delivery;
    this.#counts.delete(subject);
    this.#counts.set(subject, deliveries);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > this.#most && oldest !== undefined) this.#counts.delete(oldest);
    return new WatchedDelivery(delivery, () => void this.#counts.delete(subject));
  }

  /** Most deliveries first. */
  repeated(): readonly RepeatedDelivery[] {
    return [...this.#counts]
      .map(([subject, deliveries]) => ({ subject, deliveries }))
      .toSorted((a, b) => b.deliveries - a.deliveries);
  }
}

class WatchedDelivery implements WorkDelivery {
  readonly #delivery: WorkDelivery;
  readonly #onAck: () => void;

  constructor(delivery: WorkDelivery, onAck: () => void) {
    this.#delivery = delivery;
    this.#onAck = onAck;
  }

  get subject(): string {
    return this.#delivery.subject;
  }

  get payload(): Uint8Array {
    return this.#delivery.payload;
  }

  get headers(): WorkDelivery["headers"] {
    return this.#delivery.headers;
  }

  get deliveries(): number {
    return this.#delivery.deliveries;
  }

  working(): void {
    this.#delivery.working();
  }

  async ack(): Promise<void> {
    await this.#delivery.ack();
    this.#onAck();
  }

  nak(delayMs?: number): Promise<void> {
    return this.#delivery.nak(delayMs);
  }
}
