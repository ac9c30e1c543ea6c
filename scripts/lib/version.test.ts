import { describe, expect, it } from "vitest";
import { formatVersion, isAtLeast, parseVersion } from "./version.mjs";

describe("parseVersion", () => {
  it("finds the version in what go, nats-server and node print", () => {
    expect(parseVersion("go version go1.26.8 linux/amd64")).toEqual([1, 26, 8]);
    expect(parseVersion("nats-server: v2.15.2")).toEqual([2, 15, 2]);
    expect(parseVersion("go 1.26")).toEqual([1, 26, 0]);
  });

  it("answers null where there is none", () => {
    expect(parseVersion("devel")).toBeNull();
  });
});

describe("isAtLeast", () => {
  it("compares places as numbers, the major first", () => {
    expect(isAtLeast([2, 12, 0], [2, 12, 0])).toBe(true);
    expect(isAtLeast([2, 9, 10], [2, 12, 0])).toBe(false);
    expect(isAtLeast([3, 0, 0], [2, 99, 99])).toBe(true);
    expect(isAtLeast([2, 12, 1], [2, 12, 2])).toBe(false);
  });
});

describe("formatVersion", () => {
  it("gives back what parseVersion reads", () => {
    expect(formatVersion([2, 15, 2])).toBe("2.15.2");
  });
});
