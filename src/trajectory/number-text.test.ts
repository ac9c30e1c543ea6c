import { expect, it } from "vitest";
import { bestOfK } from "./pass-at-k.ts";
import { numberText } from "./number-text.ts";

it("shows a mean that misses a whole number by what a double rounds as that number", () => {
  const best = bestOfK([0, 1, 1, 1], 2);
  expect(best).not.toBe(1);
  expect(numberText(best)).toBe("1");
});

it.each([
  [null, "–"],
  [0, "0"],
  [-0, "0"],
  [0.9995, "1.000"],
  [1 - 1e-12, "1"],
  [-2 + 1e-12, "-2"],
  [1 / 3, "0.333"],
  [1e21, "1e+21"],
])("shows %s as %s", (value, text) => {
  expect(numberText(value)).toBe(text);
});
