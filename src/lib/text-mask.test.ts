import { describe, expect, it } from "vitest";
import { createTextMask } from "./text-mask.ts";

describe("a text mask", () => {
  it("leaves out every match of every expression, one expression after the other", () => {
    const mask = createTextMask(["\\d+ ms", "<>", "^tmp.*$"], 1000);
    expect(mask("a <1 ms> b <22 ms>\ntmp/x\nend")).toBe("a  b \n\nend");
  });

  it("leaves every text as it is when it has no expressions", () => {
    expect(createTextMask([], 1000)("12 ms")).toBe("12 ms");
  });

  it("takes a text as data, whatever it holds", () => {
    const text = "$& ${patterns} `'\"\\\u2028";
    expect(createTextMask(["never"], 1000)(text)).toBe(text);
  });

  it("gives up an expression that would need ages, and goes on with the next text", () => {
    const mask = createTextMask(["(a+)+$"], 20);
    expect(mask(`${"a".repeat(40)}b`)).toBeNull();
    expect(mask("caa")).toBe("c");
  });

  it("throws for what is no expression", () => {
    expect(() => createTextMask(["("], 1000)("text")).toThrow(/regular expression/u);
  });
});
