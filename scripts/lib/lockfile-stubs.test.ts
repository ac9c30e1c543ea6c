import { describe, expect, it } from "vitest";
import { missingPlatformEntries, platformOf } from "./lockfile-stubs.mjs";

describe("platformOf", () => {
  it("reads system, processor and C library from the name", () => {
    expect(platformOf("@oxlint/binding-linux-arm64-musl")).toEqual({
      cpu: ["arm64"],
      os: ["linux"],
      libc: ["musl"],
    });
    expect(platformOf("@oxfmt/binding-linux-arm-gnueabihf")).toEqual({
      cpu: ["arm"],
      os: ["linux"],
      libc: ["glibc"],
    });
    expect(platformOf("@bufbuild/buf-linux-armv7")).toEqual({ cpu: ["arm"], os: ["linux"] });
    expect(platformOf("@oxlint-tsgolint/win32-x64")).toEqual({ cpu: ["x64"], os: ["win32"] });
  });

  it("answers null for a package that is for every platform", () => {
    expect(platformOf("cpu-features")).toBeNull();
  });
});

describe("missingPlatformEntries", () => {
  it("fills in what a parent names and the lockfile lacks, and nothing else", () => {
    const packages = {
      "": {},
      "node_modules/tool": {
        version: "1.0.0",
        dev: true,
        optionalDependencies: { "tool-linux-x64": "1.0.0", "tool-darwin-arm64": "1.0.0", native: "^2.0.0" },
      },
      "node_modules/tool-linux-x64": { version: "1.0.0" },
    };
    expect(missingPlatformEntries(packages)).toEqual({
      "node_modules/tool-darwin-arm64": {
        version: "1.0.0",
        cpu: ["arm64"],
        os: ["darwin"],
        dev: true,
        optional: true,
      },
    });
  });
});
