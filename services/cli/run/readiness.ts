import type { Bus } from "../../../src/bus/port.ts";

/** Whether a run does its work now: its job has begun, every part has its bus, and nobody has interrupted it. */
export class Readiness {
  readonly #lost = new Set<object>();
  #interrupt: AbortSignal | null = null;

  get isReady(): boolean {
    return this.#interrupt?.aborted === false && this.#lost.size === 0;
  }

  /** A part's connection, which may be lost and come back. */
  watch(bus: Pick<Bus, "onStatus">): void {
    bus.onStatus((status) => {
      if (status === "connected") this.#lost.delete(bus);
      else this.#lost.add(bus);
    });
  }

  /** The job begins. */
  begin(interrupt: AbortSignal): void {
    this.#interrupt = interrupt;
  }
}
