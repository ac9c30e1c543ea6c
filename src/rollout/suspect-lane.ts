/** Drivers that ended without a turn, from which on a rollout is suspected of ending them. */
export const SUSPECT_FROM = 2;

/** How many suspects a worker drives at once, by the drivers that have ended; one alone from the fourth on. */
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [SUSPECT_FROM, 16],
  [SUSPECT_FROM + 1, 4],
]);

/** Ends its stay in the lane; safe to repeat. */
export type LeaveLane = () => void;

interface Suspect {
  /** Drivers of it that have ended without a turn, as far as is known. */
  readonly deaths: number;
  readonly arrival: number;
}

interface WaitingSuspect extends Suspect {
  readonly enter: () => void;
}

/**
 * A worker that dies takes all its rollouts with it, of which mostly one is to blame. From the second death on the
 * suspects are driven in ever smaller companies, so that the innocent get past their next turn, which clears them, and
 * the guilty one ends alone. Those that wait are not attached, so a death while they wait is not counted against them.
 */
export class SuspectLane {
  readonly #inside = new Set<Suspect>();
  #waiting: WaitingSuspect[] = [];
  #arrivals = 0;

  /**
   * Waits for a place; the least suspected go first. Resolves with how to leave it, or null once the signal aborts.
   */
  enter(deaths: number, signal: AbortSignal): Promise<LeaveLane | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== suspect);
        resolve(null);
        this.#admit();
      };
      const suspect: WaitingSuspect = {
        deaths,
        arrival: (this.#arrivals += 1),
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          this.#inside.add(suspect);
          resolve(() => {
            if (this.#inside.delete(suspect)) this.#admit();
          });
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(suspect);
      this.#waiting.sort((a, b) => a.deaths - b.deaths || a.arrival - b.arrival);
      this.#admit();
    });
  }

  /** In order: whoever stands behind the first that finds no place has none either. */
  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.enter();
    }
  }

  #hasRoom(next: Suspect): boolean {
    const most = Math.max(next.deaths, ...[...this.#inside].map(({ deaths }) => deaths));
    return this.#inside.size < widthFor(most);
  }
}

function widthFor(deaths: number): number {
  return deaths < SUSPECT_FROM ? Number.POSITIVE_INFINITY : (WIDTHS.get(deaths) ?? 1);
}
