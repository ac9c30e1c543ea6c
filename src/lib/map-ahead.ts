/**
 * The items mapped, in their order, with at most `width` of them under way at once; no more are taken from where they come
 * from. Rejects with the first error in order; what is still under way then is not waited for.
 */
export async function* mapAhead<T, U>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  map: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  const pending: Promise<U>[] = [];
  for await (const item of items) {
    const made = map(item);
    // It may fail before anyone waits for it.
    made.catch(() => undefined);
    pending.push(made);
    const first = pending.length < width ? undefined : pending.shift();
    if (first !== undefined) yield await first;
  }
  for (const made of pending) yield await made;
}
