/** Reads ranges such as `0-511,600` into sorted numbers without repeats. The schema has checked the form. */
export function parseIndexRanges(text: string): readonly number[] {
  const indexes = new Set<number>();
  for (const range of text.split(",")) {
    const [from = "", to = from] = range.split("-");
    for (let index = Number(from); index <= Number(to); index += 1) indexes.add(index);
  }
  return [...indexes].toSorted((a, b) => a - b);
}

/** Writes indexes as ranges such as `0-511,600`, sorted and without repeats; empty for none. */
export function formatIndexRanges(indexes: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const index of [...new Set(indexes)].toSorted((a, b) => a - b)) {
    const current = ranges.at(-1);
    if (current !== undefined && current[1] === index - 1) current[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
