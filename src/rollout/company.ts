import type { Clock } from "../lib/clock.ts";
import { OVER } from "../lib/over.ts";

/** Whoever has done no harm for so long is company no more: what it holds may be what the next one waits for. */
const TRIAL_MS = 300_000;

/** How suspects are kept apart. */
export interface CompanyRules {
  /** How many may run at once when the most suspected of them is suspected so much. */
  readonly widthFor: (suspicion: number) => number;
  /** The least suspected go first; otherwise they go in the order in which they came. */
  readonly leastSuspectedFirst: boolean;
}

/** Ends a stay; safe to repeat. */
export type LeaveCompany = () => void;

interface Member {
  /** How much speaks for its ending its process: what that is counted in is the rules' to know. */
  readonly suspicion: number;
  readonly arrival: number;
}

interface WaitingMember extends Member {
  readonly enter: () => void;
}

/**
 * What runs beside what in one process. A process that dies takes all that runs in it along, of which mostly one is to
 * blame. So the more something is suspected the smaller is the company it runs in: the innocent get past what they were
 * suspected of, and the guilty one ends alone. Nobody overtakes: behind the first that finds no place nobody has one, so
 * that a suspect is not kept waiting by what came after it.
 */
export class Company {
  readonly #rules: CompanyRules;
  readonly #clock: Clock;
  readonly #inside = new Set<Member>();
  #waiting: WaitingMember[] = [];
  #arrivals = 0;

  constructor(rules: CompanyRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
  }

  /** How many wait for a place. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Waits for a place. Resolves with how to leave it, or null once the signal aborts. */
  enter(suspicion: number, signal: AbortSignal): Promise<LeaveCompany | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== member);
        resolve(null);
        this.#admit();
      };
      const member: WaitingMember = {
        suspicion,
        arrival: (this.#arrivals += 1),
        enter: () => {
          signal.removeEventListener("abort", giveUp);
          resolve(this.#begin(member));
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.push(member);
      if (this.#rules.leastSuspectedFirst) {
        this.#waiting.sort((a, b) => a.suspicion - b.suspicion || a.arrival - b.arrival);
      }
      this.#admit();
    });
  }

  #begin(member: Member): LeaveCompany {
    const stay = new AbortController();
    const leave = (): void => {
      stay.abort(OVER);
      if (this.#inside.delete(member)) this.#admit();
    };
    this.#inside.add(member);
    void this.#clock.sleep(TRIAL_MS, stay.signal).then(leave);
    return leave;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.enter();
    }
  }

  #hasRoom(next: Member): boolean {
    const most = Math.max(next.suspicion, ...[...this.#inside].map(({ suspicion }) => suspicion));
    return this.#inside.size < this.#rules.widthFor(most);
  }
}
