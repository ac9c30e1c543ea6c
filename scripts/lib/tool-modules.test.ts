import { describe, expect, it } from "vitest";
import { linkerFlags, releaseVersion } from "./tool-modules.mjs";

describe("releaseVersion", () => {
  it("finds the module itself, not one whose name is longer, in blocks and single lines", () => {
    const goMod = [
      "require (",
      "\tk8s.io/kubernetes-extra v9.9.9 // indirect",
      "\tk8s.io/kubernetes v1.36.4 // indirect",
      ")",
      "require sigs.k8s.io/kwok v0.8.0",
    ].join("\n");
    expect(releaseVersion(goMod, "k8s.io/kubernetes")).toBe("1.36.4");
    expect(releaseVersion(goMod, "sigs.k8s.io/kwok")).toBe("0.8.0");
    expect(releaseVersion(goMod, "example.com/none")).toBeNull();
  });
});

describe("linkerFlags", () => {
  it("stamps the version that clients are told", () => {
    expect(linkerFlags("1.36.4")).toContain("-X k8s.io/component-base/version.gitVersion=v1.36.4");
    expect(linkerFlags("1.36.4")).toContain("-X k8s.io/client-go/pkg/version.gitMinor=36");
    expect(linkerFlags(null)).toBe("-s -w");
  });
});
