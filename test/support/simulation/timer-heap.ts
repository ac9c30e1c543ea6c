/** Something that happens at a time. */
export interface Timer {
  readonly atMs: number;
  /** Of two at the same time the lower comes first. */
  readonly order: number;
  readonly fire: () => void;
  isCancelled: boolean;
}

/** The timers that have not fired, earliest first. Cancelled ones are dropped when they come up. */
export class TimerHeap {
  readonly #timers: Timer[] = [];

  push(timer: Timer): void {
    const timers = this.#timers;
    let index = timers.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = timers[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      timers[index] = above;
      index = parent;
    }
    timers[index] = timer;
  }

  /** Takes the earliest that is not cancelled. */
  pop(): Timer | undefined {
    for (;;) {
      const first = this.#timers[0];
      const last = this.#timers.pop();
      if (first === undefined || last === undefined) return undefined;
      if (first !== last) this.#sink(last);
      if (!first.isCancelled) return first;
    }
  }

  #sink(timer: Timer): void {
    const timers = this.#timers;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const [left, right] = [timers[child], timers[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const next = timers[child];
      if (next === undefined || !isBefore(next, timer)) break;
      timers[index] = next;
      index = child;
    }
    timers[index] = timer;
  }
}

function isBefore(left: Timer, right: Timer): boolean {
  return left.atMs === right.atMs ? left.order < right.order : left.atMs < right.atMs;
}
