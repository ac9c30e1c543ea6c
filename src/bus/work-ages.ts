import type { Clock } from "../lib/clock.ts";
import type { BusInspector } from "./inspection.ts";
import type { WorkKind } from "./streams.ts";

/** How often the bus is asked. */
const ASK_MS = 10_000;

/** How long the oldest work of each kind has waited for somebody to take it for the first time. */
export class WorkAges {
  readonly #storedAtMs = new Map<WorkKind, number | null>();

  /**
   * Asks the bus again and again until the signal aborts. While it does not answer, what it said last goes on ageing: work
   * waits on.
   */
  async watch(bus: Pick<BusInspector, "workStates">, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [asked] = await Promise.allSettled([bus.workStates()]);
      const states = asked.status === "fulfilled" ? asked.value : [];
      for (const { kind, oldestUntakenAtMs } of states) this.#storedAtMs.set(kind, oldestUntakenAtMs);
      await clock.sleep(ASK_MS, signal);
    }
  }

  /** Seconds by kind, 0 where nothing waits; empty before the first answer. The bus's clock may differ from ours. */
  seconds(nowMs: number): readonly { readonly kind: WorkKind; readonly seconds: number }[] {
    return [...this.#storedAtMs].map(([kind, storedAtMs]) => ({
      kind,
      seconds: storedAtMs === null ? 0 : Math.max(0, nowMs - storedAtMs) / 1000,
    }));
  }
}
