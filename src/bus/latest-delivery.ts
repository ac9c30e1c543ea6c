import type { BusHeaders, WorkDelivery } from "./port.ts";

/**
 * Work that is held here, by the newest of its deliveries: after an outage the one that is beaten for and acknowledged is not
 * the one with which it began.
 */
export class LatestDelivery implements WorkDelivery {
  #latest: WorkDelivery;

  constructor(first: WorkDelivery) {
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

  get deliveries(): number {
    return this.#latest.deliveries;
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
