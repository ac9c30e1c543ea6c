import { z } from "zod";

const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

const PATTERN = /^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/;

/** A Kubernetes quantity such as `250m` or `512Mi`; a plain number is its text. */
export const quantitySchema = z.union([
  z.string().regex(PATTERN, "must be a quantity such as 250m or 512Mi"),
  z.number().min(0),
]);

/** See {@link quantitySchema}. */
export type Quantity = z.output<typeof quantitySchema>;

/**
 * The number that a quantity stands for: cores for `cpu`, bytes for `memory` and storage.
 * Not a number for a text that {@link quantitySchema} refuses.
 */
export function parseQuantity(quantity: Quantity): number {
  if (typeof quantity === "number") return quantity;
  const [, digits = "NaN", suffix = ""] = PATTERN.exec(quantity) ?? [];
  return Number(digits) * (SUFFIXES[suffix] ?? Number.NaN);
}
