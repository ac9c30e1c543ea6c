import type { BusHeaders, WorkDelivery } from "./port.ts";

/**
 * Work that is held here, by the newest of its deliveries: after an outage the one that is beaten for and acknowledged is not
 * the one with which it began. That one alone counts, though: what comes again to its holder has ended nobody.
 */
export class LatestDelivery implements WorkDelivery {
  readonly deliveries: number;
  #latest: WorkDelivery;

  constructor(first: WorkDelivery) {
    this.deliveries = first.deliveries;
    this.#latest = first;
  }

  /** The same work came again. */
  swap(again: WorkDelivery): void {
    this.#latest = again;
  }

  get subject(): string {
    return this.#latest.subject;
  }

  get payload(): Uint8Array {
    return this.#latest.payload;
  }

  get headers(): BusHeaders {
    return this.#latest.headers;
  }

  working(): void {
    this.#latest.working();
  }

  ack(): Promise<void> {
    return this.#latest.ack();
  }

  nak(delayMs?: number): Promise<void> {
    return this.#latest.nak(delayMs);
  }
}
