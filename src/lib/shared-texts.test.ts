import { expect, it } from "vitest";
import { SharedTexts } from "./shared-texts.ts";

it("gives equal texts back, however many there are", () => {
  const texts = new SharedTexts();
  for (let turn = 0; turn < 2; turn += 1)
    for (let index = 0; index < 12_000; index += 1) expect(texts.one(`node-${index}`)).toBe(`node-${index}`);
});
