/** What one environment's gradings, and all together, take of a process's room. */
export interface SharesView {
  /** Gradings that the process may have under way, those that wait too. */
  readonly room: number;
  /** Under way, of all environments. */
  readonly underWay: number;
  /** Under way of the environment that is asked for. */
  readonly ofOwn: number;
}

/**
 * Whether one more grading of an environment may begin: as long as it has less under way than is free. One environment whose
 * gradings all wait so gets half of the room, two get a third each: some of it is always left for the others.
 */
export function hasShare({ room, underWay, ofOwn }: SharesView): boolean {
  return ofOwn < room - underWay;
}

/** Gives a share back; to be called once. */
export type EndShare = () => void;

interface Parked {
  readonly environment: string;
  readonly begin: (end: EndShare) => void;
}

/**
 * Whose gradings are under way in one process, and which are put by until their environment has a share again: of these
 * nothing but the request is in memory. First come first served within an environment.
 */
export class GradingShares {
  readonly #room: number;
  readonly #underWay = new Map<string, number>();
  #parked: Parked[] = [];

  constructor(room: number) {
    this.#room = room;
  }

  /** Gradings that may still begin. */
  get free(): number {
    return this.#room - this.#total();
  }

  /** How many are put by. */
  get parked(): number {
    return this.#parked.length;
  }

  /** A share of an environment, or null where it has none now. */
  tryTake(environment: string): EndShare | null {
    return this.#hasShare(environment) ? this.take(environment) : null;
  }

  /** Takes a share whether there is one or not. */
  take(environment: string): EndShare {
    this.#underWay.set(environment, this.#of(environment) + 1);
    return () => this.#end(environment);
  }

  /** Waits for a share. Resolves with null when the signal aborts before. */
  wait(environment: string, signal: AbortSignal): Promise<EndShare | null> {
    if (signal.aborted) return Promise.resolve(null);
    return new Promise((resolve) => {
      const giveUp = (): void => {
        this.#parked = this.#parked.filter((other) => other !== own);
        resolve(null);
      };
      const own: Parked = {
        environment,
        begin: (end) => {
          signal.removeEventListener("abort", giveUp);
          resolve(end);
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#parked.push(own);
      this.#admit();
    });
  }

  #end(environment: string): void {
    const left = this.#of(environment) - 1;
    if (left > 0) this.#underWay.set(environment, left);
    else this.#underWay.delete(environment);
    this.#admit();
  }

  #admit(): void {
    this.#parked = this.#parked.filter(({ environment, begin }) => {
      const end = this.tryTake(environment);
      if (end !== null) begin(end);
      return end === null;
    });
  }

  #hasShare(environment: string): boolean {
    return hasShare({ room: this.#room, underWay: this.#total(), ofOwn: this.#of(environment) });
  }

  #of(environment: string): number {
    return this.#underWay.get(environment) ?? 0;
  }

  #total(): number {
    return [...this.#underWay.values()].reduce((sum, count) => sum + count, 0);
  }
}
