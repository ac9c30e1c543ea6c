import { RollyardError } from "../../errors/rollyard-error.ts";

/** Stands before all that only a leader may do. Once its lease no longer counts, nothing more is done. */
export class LeaderFence {
  readonly #holdsLease: () => boolean;
  readonly #onLost: () => void;
  #isLost = false;

  /** `onLost` is called once; in production it ends the process. */
  constructor(holdsLease: () => boolean, onLost: () => void) {
    this.#holdsLease = holdsLease;
    this.#onLost = onLost;
  }

  /** Throws `leadership_lost` unless the lease counts now; a process that was stopped for long finds out here. */
  check(): void {
    if (!this.#isLost && this.#holdsLease()) return;
    this.lose();
    throw new RollyardError("leadership_lost");
  }

  /** Another leads, or may. */
  lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#onLost();
  }
}
