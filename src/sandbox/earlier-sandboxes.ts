import { toRollyardError } from "../errors/rollyard-error.ts";
import type { Logger } from "../lib/logger.ts";
import { claimKey } from "./claim-key.ts";
import type { Holdings } from "./holdings.ts";
import type { LeaseLedger, RecordedLease } from "./lease-ledger.ts";
import type { AdoptedSandbox, LaunchedSandbox, SandboxLauncher } from "./port.ts";
import type { SandboxSupply } from "./sandbox-supply.ts";
import type { UnheldSandboxes } from "./unheld-sandboxes.ts";

/** Where sandboxes of an earlier process are taken to. */
export interface EarlierOptions {
  readonly launcher: SandboxLauncher;
  readonly ledger: LeaseLedger;
  readonly environmentUid: string;
  readonly holdings: Holdings;
  readonly supply: SandboxSupply;
  readonly unheld: UnheldSandboxes;
  readonly logger: Logger;
  readonly onOrphan: () => void;
}

/**
 * The sandboxes that an earlier process started, as a new one finds them: those that are leased go on under their lease,
 * those that nobody holds go into the supply, and those that nobody needs are ended.
 */
export class EarlierSandboxes {
  readonly #options: EarlierOptions;

  constructor(options: EarlierOptions) {
    this.#options = options;
  }

  /** Takes over all that is there. Rejects with `bus_unavailable`. */
  async takeOver(): Promise<void> {
    const { ledger, launcher, holdings, environmentUid } = this.#options;
    const { leases, retired } = await ledger.recorded(environmentUid);
    const leased = new Set(leases.map(({ sandboxUid }) => sandboxUid));
    const found = new Map(launcher.adopt?.(leased).map((each) => [each.sandboxUid, each]));
    for (const lease of leases) await this.#hold(lease, found.get(lease.sandboxUid) ?? null);
    holdings.forgetVanished(retired.filter((uid) => !found.has(uid)));
    const isRetired = new Set(retired);
    for (const adopted of found.values())
      if (!leased.has(adopted.sandboxUid)) this.#keepOrEnd(adopted, isRetired.has(adopted.sandboxUid));
  }

  /** Takes over what has appeared since: an earlier leader may have been in the middle of it. Never rejects. */
  async lookAgain(): Promise<void> {
    const { launcher } = this.#options;
    for (const adopted of launcher.adopt?.(new Set()) ?? [])
      if (!(await this.#holdIfLeased(adopted))) this.#keepOrEnd(adopted, false);
  }

  /** Holds a sandbox of ours that another leader has leased: it led once more for a moment. Never rejects. */
  async holdLeased(sandbox: LaunchedSandbox): Promise<void> {
    const { sandboxUid } = sandbox;
    const stop = (): Promise<void> => sandbox.stop();
    await this.#holdIfLeased({ sandboxUid, template: "", ready: Promise.resolve(sandbox), stop });
  }

  /** Resolves with whether it is leased, or may be. */
  async #holdIfLeased(adopted: AdoptedSandbox): Promise<boolean> {
    const { ledger, logger } = this.#options;
    try {
      const lease = await ledger.find(adopted.sandboxUid);
      if (lease !== null) await this.#hold(lease, adopted);
      return lease !== null;
    } catch (thrown) {
      const { code } = toRollyardError(thrown);
      logger.warn("lease of another leader not read", { sandbox: adopted.sandboxUid, code });
      return true;
    }
  }

  async #hold(lease: RecordedLease, adopted: AdoptedSandbox | null): Promise<void> {
    const { holdings } = this.#options;
    const key = claimKey(lease.ref, lease.purpose);
    const sandbox = adopted === null ? null : await adopted.ready.catch(() => null);
    holdings.addRecorded(key, lease, sandbox);
    // A grader's sandbox holds no state: without it, the next asking gets another one.
    if (sandbox === null && lease.purpose === "grade") holdings.retire(key);
  }

  #keepOrEnd(adopted: AdoptedSandbox, isRetired: boolean): void {
    const { supply, unheld, onOrphan } = this.#options;
    if (isRetired) {
      void unheld.endRetired(adopted);
      return;
    }
    if (supply.adopt(adopted)) return;
    void unheld.end(adopted).then(async (isEnded) => {
      if (isEnded) onOrphan();
      else await this.#holdIfLeased(adopted);
    });
  }
}
