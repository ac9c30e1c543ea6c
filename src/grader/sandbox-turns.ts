import type { SandboxCompany } from "./clean-sandbox.ts";

interface Waiting {
  readonly company: SandboxCompany;
  readonly enter: () => void;
}

/** Lets many be in a sandbox together, or one alone; first come first served, so that nobody waits for ever. */
export class SandboxTurns {
  readonly #waiting: Waiting[] = [];
  #inside = 0;
  #isAlone = false;

  /** Resolves with what ends the turn. Rejects with the signal's reason when it aborts before. */
  async enter(company: SandboxCompany, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
        this.#admit();
      };
      const waiting: Waiting = {
        company,
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
    return () => this.#leave();
  }

  #leave(): void {
    this.#inside -= 1;
    this.#isAlone = false;
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#isAlone) return;
      if (next.company === "alone" && this.#inside > 0) return;
      this.#waiting.shift();
      this.#inside += 1;
      this.#isAlone = next.company === "alone";
      next.enter();
    }
  }
}
