/** Runs `action` over all items, at most `limit` at a time. Rejects with the first error after all have ended. */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const left = { lanes: limit };
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      try {
        await action(next.value);
      } catch (error) {
        errors.push(error);
      }
    }
    left.lanes = 0;
  };
  const lanes: Promise<void>[] = [];
  // Few items need few lanes, and a planner asks often with none.
  for (; left.lanes > 0; left.lanes -= 1) lanes.push(lane());
  await Promise.all(lanes);
  if (errors.length > 0) throw errors[0];
}
