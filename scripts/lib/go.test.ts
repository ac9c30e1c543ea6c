import { describe, expect, it } from "vitest";
import { chooseGo } from "./go.mjs";

describe("chooseGo", () => {
  it("takes a Go that is new enough as it is", () => {
    expect(chooseGo([1, 26, 8], [1, 26, 0], "local")).toEqual({ kind: "ready", env: {} });
  });

  it("lets an older Go fetch the toolchain, even where its distribution turned that off", () => {
    expect(chooseGo([1, 24, 1], [1, 26, 0], undefined)).toEqual({
      kind: "ready",
      env: { GOTOOLCHAIN: "auto" },
    });
  });

  it("keeps the user's own choice of toolchain", () => {
    const choice = chooseGo([1, 24, 1], [1, 26, 0], "go1.27.0");
    expect(choice).toEqual({ kind: "ready", env: { GOTOOLCHAIN: "go1.27.0" } });
  });

  it("gives up where the user forbids another toolchain", () => {
    expect(chooseGo([1, 24, 1], [1, 26, 0], "local")).toMatchObject({
      kind: "unusable",
      reason: expect.stringContaining("forbids"),
    });
  });

  it("gives up on a Go that knows no toolchains, and without Go", () => {
    expect(chooseGo([1, 19, 8], [1, 26, 0], undefined)).toMatchObject({
      kind: "unusable",
      reason: expect.stringContaining("1.19.8"),
    });
    expect(chooseGo(null, [1, 26, 0], undefined)).toEqual({
      kind: "unusable",
      reason: "Go is not installed",
    });
  });
});
