/** Collects the values of a flag that may be repeated. */
export function collected(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
