import type { BusHeaders, WorkDelivery } from "../../../src/bus/port.ts";
import type { FakeBus } from "./fake-bus.ts";
import type { FakeLink } from "./fake-link.ts";
import type { FakeDelivery, FakeWorkQueue } from "./fake-work-queue.ts";

/** What a delivery needs of its client. */
export interface DeliveryPlace {
  readonly bus: FakeBus;
  readonly link: FakeLink;
  readonly client: string;
  readonly queue: FakeWorkQueue;
}

/** A delivery as a client holds it; what it sends goes by the client's connection at that time. */
export class FakeWorkDelivery implements WorkDelivery {
  readonly #place: DeliveryPlace;
  readonly #entry: FakeDelivery;

  constructor(place: DeliveryPlace, entry: FakeDelivery) {
    this.#place = place;
    this.#entry = entry;
  }

  get subject(): string {
    return this.#entry.message.subject;
  }

  get payload(): Uint8Array {
    return this.#entry.message.payload;
  }

  get headers(): BusHeaders {
    return this.#entry.message.headers;
  }

  get deliveries(): number {
    return this.#entry.deliveries;
  }

  working(): void {
    void this.#send("working", (sequence) => this.#place.queue.working(sequence));
  }

  ack(): Promise<void> {
    return this.#place.link.alive(this.#send("ack", (sequence) => this.#place.queue.ack(sequence)));
  }

  nak(delayMs = 0): Promise<void> {
    return this.#place.link.alive(this.#send("nak", (sequence) => this.#place.queue.nak(sequence, delayMs)));
  }

  async #send(kind: "ack" | "nak" | "working", act: (sequence: number) => void): Promise<void> {
    const { bus, link, client } = this.#place;
    if (!link.isConnected) return;
    const { session } = link;
    const fault = bus.faults.onAck?.(client, this.subject, kind);
    if (fault === "lost") return;
    await bus.hop();
    if (fault !== undefined) await bus.clock.sleep(fault.delayMs);
    if (session.aborted) return;
    bus.watcher.acknowledged?.(client, this.subject, kind);
    act(this.#entry.message.sequence);
    await bus.hop();
  }
}
