import { expect, it } from "vitest";
import { parseQuantity, quantitySchema } from "./quantity.ts";

it.each([
  ["250m", 0.25],
  ["2", 2],
  [1.5, 1.5],
  ["1.5Gi", 1.5 * 1024 ** 3],
  ["512Mi", 512 * 1024 ** 2],
  ["1k", 1000],
  ["3G", 3e9],
])("reads %s", (quantity, expected) => {
  expect(quantitySchema.safeParse(quantity).success).toBe(true);
  expect(parseQuantity(quantity)).toBe(expected);
});

it.each(["", "m", "1 Gi", "1gi", "-1", "1e3x", "Infinity"])("refuses %j", (text) => {
  expect(quantitySchema.safeParse(text).success).toBe(false);
  expect(parseQuantity(text)).toBeNaN();
});
