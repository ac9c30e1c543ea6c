import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { compileFormula } from "./compile-formula.ts";

const NAMES = ["a", "b", "style_2"];
const VALUES = new Map([
  ["a", 0.5],
  ["b", 2],
  ["style_2", -1.25],
]);

const evaluate = (source: string): number => compileFormula(source, NAMES)(VALUES);

function errorOf(source: string): RollyardError {
  try {
    evaluate(source);
  } catch (error) {
    if (error instanceof RollyardError) return error;
  }
  throw new Error("the formula was accepted");
}

describe("a formula", () => {
  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["8 - 3 - 2", 3],
    ["16 / 4 / 2", 2],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["(-2) ^ 2", 4],
    ["2 ^ -1", 0.5],
    ["2 ^ -1 ^ 2", 0.5],
    ["--3", 3],
    ["+-+3", -3],
    ["2 * -3", -6],
    ["0.3 * a + 0.7 * b", 0.3 * 0.5 + 0.7 * 2],
    ["style_2", -1.25],
    ["min(a, b, style_2)", -1.25],
    ["max(a, b)", 2],
    ["min(b)", 2],
    ["abs(style_2) + floor(a) + ceil(a)", 2.25],
    ["exp(0) + sqrt(4) + log(exp(1))", 4],
    [".5 + 5. + 1e2 + 1.5E-1", 105.65],
    ["\n\t1\r\n+ 1 ", 2],
    ["1/0", Infinity],
    ["sqrt(-1)", Number.NaN],
    ["0/0", Number.NaN],
  ])("%s is %d", (source, value) => {
    // To 12 digits: sums of fractions differ in the last bits.
    expect(Number(evaluate(source).toPrecision(12))).toBe(Number(value.toPrecision(12)));
  });

  it.each([
    ["", 1],
    ["   ", 4],
    ["1 +", 4],
    ["* 2", 1],
    ["1 2", 3],
    ["2a", 2],
    ["(1", 3],
    ["1)", 2],
    ["min()", 1],
    ["abs(1, 2)", 1],
    ["abs 1", 5],
    ["min(1,)", 7],
    ["cos(1)", 1],
    ["a = 1", 3],
    ["a; process.exit()", 2],
    ["a['b']", 2],
    ["1 ** 2", 4],
    ["0x10", 2],
    ["`a`", 1],
    ["½", 1],
  ])("%j is refused at character %d", (source, at) => {
    const error = errorOf(source);
    expect(error.code).toBe("formula_parse_error");
    expect(error.details["at"]).toBe(at);
    expect(error.failureClass).toBe("config");
  });

  it.each(["c", "a + toString", "__proto__", "constructor + 1", "min", "a.b"])(
    "%j names no variable",
    (source) => {
      const error = errorOf(source);
      expect(error.code).toBe("invalid_variable_error");
    },
  );

  it("lets a variable be named like a function", () => {
    expect(compileFormula("min(min, 2)", ["min"])(new Map([["min", 1]]))).toBe(1);
  });

  it("refuses what is nested too deeply or too long instead of overflowing the stack", () => {
    expect(errorOf(`${"(".repeat(1000)}1${")".repeat(1000)}`).message).toContain("nested too deeply");
    expect(errorOf("-".repeat(1000) + "1").message).toContain("nested too deeply");
    expect(errorOf(`1${"^1".repeat(1000)}`).message).toContain("nested too deeply");
    expect(errorOf(`1${"+1".repeat(4000)}`).message).toContain("longer than");
  });

  it("bears the longest flat formula", () => {
    expect(evaluate(`1${"+1".repeat(2047)}`)).toBe(2048);
  });
});

/** `number` for a formula with a value, else the class of the failure. */
function verdictOf(source: string): string {
  try {
    return typeof evaluate(source);
  } catch (error) {
    return error instanceof RollyardError ? error.failureClass : "foreign error";
  }
}

/** A formula with full parentheses, and its value by JavaScript's own arithmetic: a reference without a parser. */
interface Sample {
  readonly source: string;
  readonly value: number;
}

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.integer({ min: 0, max: 999 }).map((value) => ({ source: String(value), value })),
  fc.constantFrom(...VALUES).map(([source, value]) => ({ source, value })),
);

const OPERATORS: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "^": (left, right) => left ** right,
};

const { whole } = fc.letrec<{ whole: Sample }>((tie) => ({
  whole: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc
      .tuple(tie("whole"), fc.constantFrom("+", "-", "*", "/", "^"), tie("whole"))
      .map(([left, operator, right]) => ({
        source: `(${left.source} ${operator} ${right.source})`,
        value: OPERATORS[operator]?.(left.value, right.value) ?? 0,
      })),
    tie("whole").map(({ source, value }) => ({ source: `(-${source})`, value: -value })),
    fc.tuple(tie("whole"), tie("whole")).map(([left, right]) => ({
      source: `max(${left.source},${right.source})`,
      value: Math.max(left.value, right.value),
    })),
    tie("whole").map(({ source, value }) => ({ source: `floor(${source})`, value: Math.floor(value) })),
  ),
}));

describe("any formula", () => {
  it("has the value that JavaScript gives it", () => {
    fc.assert(
      fc.property(whole, ({ source, value }) => {
        expect(evaluate(source)).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it("binds without parentheses as JavaScript does, but for the sign of a power's base", () => {
    const operand = fc.integer({ min: 1, max: 9 }).map(String);
    const tail = fc.array(fc.tuple(fc.constantFrom("+", "-", "*", "/", "^"), operand), { maxLength: 8 });
    fc.assert(
      fc.property(operand, tail, (first, rest) => {
        const source = first + rest.map(([operator, value]) => operator + value).join("");
        // The reference is JavaScript itself, on a text of digits and operators only.
        const reference = Number(runInNewContext(source.replaceAll("^", "**")));
        expect(evaluate(source)).toBe(reference);
      }),
      { numRuns: 500 },
    );
  });

  it("is either read or refused with class config, whatever its text is", () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom("a", "b", "1", "(", ")", "+", "^", "-", ",", "min", " ", "."), {
          maxLength: 30,
        })
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (source) => {
        expect(verdictOf(source)).toMatch(/^(number|config)$/);
      }),
      { numRuns: 1000 },
    );
  });
});
