import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isJsonObject } from "../../lib/json.ts";
import type { JsonObject, JsonValue } from "../../lib/json.ts";
import { mergePatch } from "./merge-patch.ts";

/** RFC 7396, section 2, word for word. */
function applied(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, JsonValue | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[name];
    else result[name] = applied(result[name], value);
  }
  return result;
}

describe("mergePatch", () => {
  it("is null when nothing differs, whatever the order of keys", () => {
    expect(
      mergePatch({ a: 1, b: { c: [1, { d: 2, e: 3 }] } }, { b: { c: [1, { e: 3, d: 2 }] }, a: 1 }),
    ).toBeNull();
    expect(mergePatch({ a: 1 }, { a: 1, b: undefined, c: null })).toBeNull();
  });

  it("names only what differs", () => {
    expect(mergePatch({ a: { x: 1, y: 2 }, b: 1, c: [1] }, { a: { x: 1, y: 3 }, c: [1, 2] })).toEqual({
      a: { y: 3 },
      b: null,
      c: [1, 2],
    });
  });

  it("takes away what is wanted as null", () => {
    expect(mergePatch({ reward: { mean: 1, n: 2 } }, { reward: { mean: null, n: 2 } })).toEqual({
      reward: { mean: null },
    });
  });

  it("makes the one value into the other", () => {
    const key = fc.constantFrom("a", "b", "c");
    const { object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
      value: fc.oneof(fc.integer(), fc.constantFrom("x", "y"), fc.array(fc.integer()), tie("object")),
      object: fc.dictionary(key, tie("value"), { noNullPrototype: true }),
    }));
    fc.assert(
      fc.property(object, object, (from, to) => {
        const patch = mergePatch(from, to);
        expect(patch === null ? from : applied(from, patch)).toEqual(to);
      }),
    );
  });
});
