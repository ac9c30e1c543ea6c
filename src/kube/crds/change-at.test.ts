import { expect, it } from "vitest";
import { changeAt } from "./change-at.ts";

const schema = {
  type: "object",
  properties: { list: { items: { properties: { map: { additionalProperties: { type: "string" } } } } } },
};

it("changes one place inside lists and maps, and nothing else", () => {
  const changed = changeAt(schema, "list.[].map.{}", (place) => ({ ...place, maxLength: 3 }));
  expect(changed).toEqual({
    type: "object",
    properties: {
      list: { items: { properties: { map: { additionalProperties: { type: "string", maxLength: 3 } } } } },
    },
  });
  expect(JSON.stringify(schema)).not.toContain("maxLength");
});

it.each(["gone", "list.{}", "list.[].gone"])("refuses a place that is not there: %s", (path) => {
  expect(() => changeAt(schema, path, (place) => place)).toThrow(`no place`);
});
