import { toRollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import { inParallel } from "../lib/in-parallel.ts";
import type { Logger } from "../lib/logger.ts";
import type { LeaseLedger } from "./lease-ledger.ts";

/** What retires works with. */
export interface RetireRecordedDeps {
  readonly ledger: LeaseLedger;
  readonly clock: Clock;
  readonly logger: Logger;
}

const AT_ONCE = 64;
/** Longest wait for the bus: whoever stops may do so because there is none. */
const LIMIT_MS = 5_000;

/**
 * Retires every lease of an environment that is still on record, once nothing of it runs any more: one that a killed process
 * had sent and that was stored after the next had read what there was, or one whose answer never came. One try each, and not
 * longer than a few seconds; what is left is found by the next process. Never rejects.
 */
export async function retireRecorded(environmentUid: string, deps: RetireRecordedDeps): Promise<void> {
  const done = new AbortController();
  const retiring = retireAll(environmentUid, deps).catch((thrown: unknown) => {
    deps.logger.warn("leases on record not looked through", { code: toRollyardError(thrown).code });
  });
  void retiring.then(() => done.abort());
  await deps.clock.sleep(LIMIT_MS, done.signal);
}

async function retireAll(environmentUid: string, { ledger, logger }: RetireRecordedDeps): Promise<void> {
  const { leases } = await ledger.recorded(environmentUid);
  await inParallel(leases, AT_ONCE, async (lease) => {
    const result = await ledger.retire(lease, 1);
    logger.info("lease of a sandbox that is gone retired", { sandbox: lease.sandboxUid, result });
  });
}
