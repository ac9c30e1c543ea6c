/** The items mapped, in their order, with at most `width` of them under way at once. Rejects with the first error in order. */
export async function* mapAhead<T, U>(
  items: readonly T[],
  width: number,
  map: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  const pending: Promise<U>[] = [];
  let next = 0;
  while (next < items.length || pending.length > 0) {
    for (; pending.length < width && next < items.length; next += 1) {
      const made = map(items[next] as T);
      // It may fail before anyone waits for it.
      made.catch(() => undefined);
      pending.push(made);
    }
    const first = pending.shift();
    if (first !== undefined) yield await first;
  }
}
