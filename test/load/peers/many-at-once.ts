const IN_FLIGHT = 32;

/** Does so many things, a few at once; resolves with what each gave, in order. */
export async function manyAtOnce<T>(
  count: number,
  one: (index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      results[index] = await one(index);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return results;
}
