import type { Bus, WorkDelivery } from "../bus/port.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import { settle } from "./settle-flow.ts";
import type { SettleDeps } from "./settle-flow.ts";

/** Requests that are settled at a time. */
const SETTLE_SLOTS = 64;
const PULL_MS = 5000;
const RETRY_MS = 1000;

/** Takes settle requests until the signal aborts, and ends what it has begun. Never rejects. */
export async function settleLoop(
  deps: SettleDeps & { readonly bus: Pick<Bus, "pull"> },
  signal: AbortSignal,
): Promise<void> {
  const open = new Set<Promise<void>>();
  while (!signal.aborted) {
    const onDelivery = (delivery: WorkDelivery): void => {
      const settling = settle(deps, delivery).finally(() => open.delete(settling));
      open.add(settling);
    };
    const max = SETTLE_SLOTS - open.size;
    try {
      await deps.bus.pull({ kind: "settle", max, expiresMs: PULL_MS, signal, onDelivery });
    } catch (error) {
      deps.logger.warn("pull failed", { kind: "settle", code: toRollyardError(error).code });
      await deps.clock.sleep(RETRY_MS, signal);
    }
    if (open.size >= SETTLE_SLOTS) await Promise.race(open);
  }
  await Promise.all(open);
}
