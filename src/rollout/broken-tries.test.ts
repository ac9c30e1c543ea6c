import { expect, it } from "vitest";
import { BrokenTries } from "./broken-tries.ts";

it("tries are counted for each attempt, until it is done with", () => {
  const tries = new BrokenTries();
  expect([tries.count("a"), tries.count("b"), tries.count("a")]).toEqual([1, 1, 2]);
  tries.forget("a");
  expect([tries.count("a"), tries.count("b")]).toEqual([1, 2]);
});

it("the attempts that broke longest ago are forgotten first", () => {
  const tries = new BrokenTries();
  tries.count("first");
  tries.count("kept");
  for (let index = 0; index < 9_998; index += 1) tries.count(`${index}`);
  tries.count("kept");
  tries.count("one more");
  expect([tries.count("kept"), tries.count("first")]).toEqual([3, 1]);
});
