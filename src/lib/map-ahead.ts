/** How far to go ahead of who takes the results. */
export interface Ahead {
  /** Most items that are mapped, or wait to be taken, at once. */
  readonly width: number;
  /** Where all but the first of them need a place, if many share it. */
  readonly room?: AheadRoom;
}

/** Places that many who go ahead share, so that those who are not taken from hold no more than it altogether. */
export class AheadRoom {
  #free: number;

  constructor(places: number) {
    this.#free = places;
  }

  /** Takes a place; false when there is none. */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  giveBack(places: number): void {
    this.#free += places;
  }
}

/**
 * The items mapped, in their order; no more are taken from where they come from than are begun. Rejects with the first error
 * in order; what is still under way then is not waited for.
 */
export async function* mapAhead<T, U>(
  items: Iterable<T> | AsyncIterable<T>,
  { width, room = new AheadRoom(width) }: Ahead,
  map: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  const pending: Promise<U>[] = [];
  let places = 0;
  /** What is needed next needs no place. */
  const giveBackSpare = (): void => {
    const spare = places - Math.max(0, pending.length - 1);
    places -= spare;
    room.giveBack(spare);
  };
  const mayBegin = (): boolean => {
    if (pending.length === 0) return true;
    if (pending.length >= width || !room.take()) return false;
    places += 1;
    return true;
  };
  try {
    for await (const item of items) {
      const made = map(item);
      // It may fail before anyone waits for it.
      made.catch(() => undefined);
      pending.push(made);
      while (!mayBegin()) {
        yield await shifted(pending);
        giveBackSpare();
      }
    }
    while (pending.length > 0) {
      giveBackSpare();
      yield await shifted(pending);
    }
  } finally {
    room.giveBack(places);
  }
}

function shifted<U>(pending: Promise<U>[]): Promise<U> {
  const [first] = pending.splice(0, 1);
  return first ?? Promise.reject(new TypeError("nothing is under way"));
}
