/** Reads ranges such as `0-511,600` into sorted numbers without repeats. The schema has checked the form. */
export function parseIndexRanges(text: string): readonly number[] {
  const indexes = new Set<number>();
  for (const range of text.split(",")) {
    const [from = "", to = from] = range.split("-");
    for (let index = Number(from); index <= Number(to); index += 1) indexes.add(index);
  }
  return [...indexes].toSorted((a, b) => a - b);
}
