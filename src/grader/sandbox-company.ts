import type { SandboxSession } from "../sandbox/port.ts";
import type { SandboxCompany } from "./clean-sandbox.ts";
import { isSandboxFailure } from "./sandbox-failure.ts";
import { SandboxTurns } from "./sandbox-turns.ts";

/** One clean sandbox after the other. */
export interface SandboxPlace {
  /** The sandbox of now; those who open at once share it. */
  open(signal: AbortSignal): Promise<SandboxSession>;
  /** Nobody gets this one any more: the next opening asks for another. Safe to repeat. */
  discard(sandboxUid: string): void;
}

/** Who may be in a sandbox with whom, and when it is given up. */
export class SandboxCompanies {
  readonly #place: SandboxPlace;
  readonly #turns = new SandboxTurns();
  /** The sandbox that was used last. */
  #used: string | null = null;

  constructor(place: SandboxPlace) {
    this.#place = place;
  }

  /** See `CleanSandbox.use`. */
  async use<T>(
    company: SandboxCompany,
    signal: AbortSignal,
    work: (session: SandboxSession) => Promise<T>,
  ): Promise<T> {
    const leave = await this.#turns.enter(company, signal);
    try {
      if (company === "alone" && this.#used !== null) this.#place.discard(this.#used);
      const session = await this.#place.open(signal);
      this.#used = session.sandboxUid;
      try {
        return await work(session);
      } catch (error) {
        if (isSandboxFailure(error)) this.#place.discard(session.sandboxUid);
        throw error;
      } finally {
        if (company === "alone") this.#place.discard(session.sandboxUid);
      }
    } finally {
      leave();
    }
  }
}
