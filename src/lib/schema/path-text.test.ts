import { expect, it } from "vitest";
import { pathText } from "./path-text.ts";

it("writes keys with dots, indexes in brackets and odd keys in quotes", () => {
  expect(pathText(["spec", "tools", 1, "exec"])).toBe("spec.tools[1].exec");
  expect(pathText(["data", "items.jsonl"])).toBe('data["items.jsonl"]');
  expect(pathText([])).toBe("");
});
