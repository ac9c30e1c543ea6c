/**
 * Parameters for a zod refinement that compares fields of one object: it runs even when another field of the
 * object is wrong, so that the user sees every problem at once. Such a rule must bear half-valid values.
 */
export const ALWAYS_CHECK = {
  when: (payload: { readonly value: unknown }): boolean =>
    typeof payload.value === "object" && payload.value !== null && !Array.isArray(payload.value),
};

/** The fields among `names` that the object gives, in the order of `names`. */
export function givenFields<Name extends string>(
  value: Readonly<Partial<Record<Name, unknown>>>,
  names: readonly Name[],
): Name[] {
  return names.filter((name) => value[name] !== undefined);
}

/** The sentence for a broken "exactly one of" rule, or undefined when the rule holds. */
export function exactlyOneProblem<Name extends string>(
  value: Readonly<Partial<Record<Name, unknown>>>,
  names: readonly Name[],
): string | undefined {
  const given = givenFields(value, names);
  if (given.length === 1) return undefined;
  const found = given.length === 0 ? "none is given" : `${given.join(" and ")} are given`;
  return `must have exactly one of ${names.join(", ")}; ${found}`;
}
