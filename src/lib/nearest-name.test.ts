import { expect, it } from "vitest";
import { didYouMean, nearestName } from "./nearest-name.ts";

it("finds the name with the fewest wrong letters", () => {
  expect(nearestName("paralellism", ["parallelism", "priority"])).toBe("parallelism");
  expect(nearestName("ARGV", ["env", "argv"])).toBe("argv");
  expect(nearestName("maxTurn", ["maxTurns", "maxToolCalls"])).toBe("maxTurns");
});

it("finds nothing when no name is near", () => {
  expect(nearestName("foo", ["parallelism", "bar"])).toBeUndefined();
  expect(nearestName("x", [])).toBeUndefined();
  expect(nearestName("x", ["y"])).toBeUndefined();
  expect(nearestName("", ["y"])).toBeUndefined();
});

it("asks only when there is something to ask", () => {
  expect(didYouMean("imge", ["image"])).toBe('; did you mean "image"?');
  expect(didYouMean("zzz", ["image"])).toBe("");
});
