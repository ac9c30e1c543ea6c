import { toRollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { LeaseLedger } from "./lease-ledger.ts";

/** What ends sandboxes works with. */
export interface UnheldOptions {
  readonly ledger: LeaseLedger;
  readonly environmentUid: string;
  /** Whether another process could lease the sandboxes that this one started. */
  readonly isShared: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the waiting for a stream that takes nothing. */
  readonly signal: AbortSignal;
}

const AGAIN_MS = 1_000;

/**
 * Ends sandboxes that nobody holds. Where another leader could think that it leads, and lease one, it is retired on record
 * first: whoever wins that write may end the sandbox, nobody else.
 */
export class UnheldSandboxes {
  readonly #options: UnheldOptions;

  constructor(options: UnheldOptions) {
    this.#options = options;
  }

  /** Resolves with whether it was ended. Never rejects. */
  async end(sandbox: { readonly sandboxUid: string; stop(): Promise<void> }): Promise<boolean> {
    if (this.#options.isShared && !(await this.#mayEnd(sandbox.sandboxUid))) return false;
    await sandbox.stop();
    if (this.#options.isShared) await this.forget(sandbox.sandboxUid);
    return true;
  }

  /** Ends a sandbox that is retired on record already. */
  async endRetired(sandbox: { readonly sandboxUid: string; stop(): Promise<void> }): Promise<void> {
    await sandbox.stop();
    await this.forget(sandbox.sandboxUid);
  }

  /** Removes the record of a sandbox that is gone; one that stays is removed by the next process. Never rejects. */
  async forget(sandboxUid: string): Promise<void> {
    try {
      await this.#options.ledger.forget(sandboxUid);
    } catch (thrown) {
      const { code } = toRollyardError(thrown);
      this.#options.logger.warn("record of a retired sandbox not removed", { sandbox: sandboxUid, code });
    }
  }

  async #mayEnd(sandboxUid: string): Promise<boolean> {
    const { clock, signal } = this.#options;
    for (;;) {
      const result = await this.#retire(sandboxUid);
      if (result !== "busy") return result === "won";
      // A process that ends its environment's sandboxes for good does not leave one because of the record.
      if (signal.aborted) return true;
      await clock.sleep(AGAIN_MS, signal);
    }
  }

  async #retire(sandboxUid: string): Promise<"won" | "taken" | "busy"> {
    const { ledger, environmentUid, logger } = this.#options;
    try {
      return await ledger.retireUnleased(sandboxUid, environmentUid);
    } catch (thrown) {
      const { code } = toRollyardError(thrown);
      logger.warn("sandbox not retired", { sandbox: sandboxUid, code });
      return "busy";
    }
  }
}
