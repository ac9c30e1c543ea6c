import { describe, expect, it } from "vitest";
import { isInstalled } from "./dependencies-state.mjs";

const wanted = {
  packages: {
    "": { version: "0.1.0" },
    "node_modules/zod": { version: "4.6.7" },
    "node_modules/tool-darwin": { version: "1.0.0", optional: true },
  },
};

describe("isInstalled", () => {
  it("accepts what the lockfile names, less the optional packages of other systems", () => {
    const installed = {
      packages: { "node_modules/zod": { version: "4.6.7" }, "node_modules/more": { version: "1.0.0" } },
    };
    expect(isInstalled(wanted, installed)).toBe(true);
  });

  it("refuses another version, a missing package, and no node_modules at all", () => {
    expect(isInstalled(wanted, { packages: { "node_modules/zod": { version: "4.6.6" } } })).toBe(false);
    expect(isInstalled(wanted, { packages: {} })).toBe(false);
    expect(isInstalled(wanted, null)).toBe(false);
  });

  it("refuses an optional package in another version", () => {
    const installed = {
      packages: {
        "node_modules/zod": { version: "4.6.7" },
        "node_modules/tool-darwin": { version: "0.9.0" },
      },
    };
    expect(isInstalled(wanted, installed)).toBe(false);
  });
});
