import fc from "fast-check";
import { expect, test } from "vitest";

import { canonicalJson } from "./canonical-json.ts";

test("equal values have equal texts whatever the order of their keys", () => {
  expect(canonicalJson({ b: 1, a: { d: [2, { z: 0, y: null }], c: "x" } })).toBe(
    '{"a":{"c":"x","d":[2,{"y":null,"z":0}]},"b":1}',
  );
});

test("reading the text gives the value back", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
