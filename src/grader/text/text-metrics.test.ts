import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lcsLength } from "./lcs.ts";
import { porterStem } from "./porter-stem.ts";
import { TEXT_METRICS } from "./text-metrics.ts";

interface Fixture {
  readonly pairs: readonly {
    readonly input: string;
    readonly reference: string;
    readonly values: Readonly<Record<keyof typeof TEXT_METRICS, number>>;
  }[];
  readonly stems: Readonly<Record<string, string>>;
}

const FIXTURE = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/text-metrics.json", import.meta.url), "utf8"),
) as Fixture;

describe("text metrics beside the Python packages", () => {
  it("are compared on 200 pairs", () => {
    expect(FIXTURE.pairs).toHaveLength(200);
  });

  it.each(Object.entries(TEXT_METRICS))(
    "%s gives the reference's value on every pair",
    async (name, metric) => {
      const given = await Promise.all(
        FIXTURE.pairs.map(async ({ input, reference, values }) => ({
          input,
          reference,
          ours: await metric(input, reference),
          theirs: Reflect.get(values, name) as number,
        })),
      );
      expect(given.filter(({ ours, theirs }) => Math.abs(ours - theirs) > 1e-9)).toEqual([]);
    },
  );

  it("compares words by the same stems as NLTK", () => {
    const wrong = Object.entries(FIXTURE.stems).filter(([word, stem]) => porterStem(word) !== stem);
    expect(wrong).toEqual([]);
  });
});

describe("the longest common subsequence", () => {
  it("is what the textbook's table gives", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 150 });
    fc.assert(fc.property(text, text, (left, right) => lcsLength(left, right) === tableLcs(left, right)));
  });
});

describe("any text metric", () => {
  it.each(Object.entries(TEXT_METRICS))("%s is from 0 to 1 for any texts", async (_name, metric) => {
    const words = fc.oneof(fc.string({ unit: "binary" }), fc.lorem());
    await fc.assert(
      fc.asyncProperty(words, words, async (input, reference) => {
        const value = await metric(input, reference);
        return value >= 0 && value <= 1 + 1e-12;
      }),
    );
  });
});

function tableLcs(left: readonly string[], right: readonly string[]): number {
  let row = right.map(() => 0);
  for (const symbol of left) {
    const next: number[] = [];
    for (const [index, other] of right.entries()) {
      const diagonal = row[index - 1] ?? 0;
      next.push(symbol === other ? diagonal + 1 : Math.max(row[index] ?? 0, next[index - 1] ?? 0));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
