import { describe, expect, it } from "vitest";
import { keysIn, matchesKey } from "./matches-key.ts";

describe("keys of an environment", () => {
  it("are one a line, so that an old one and its successor open it together", () => {
    const keys = keysIn("old-key\r\n\n  new-key  \n");
    expect(keys).toEqual(["old-key", "new-key"]);
    expect(matchesKey("old-key", keys)).toBe(true);
    expect(matchesKey("new-key", keys)).toBe(true);
  });

  it("open nothing by a part, by more, or where there is none", () => {
    expect(matchesKey("old", ["old-key"])).toBe(false);
    expect(matchesKey("old-key2", ["old-key"])).toBe(false);
    expect(matchesKey("", keysIn("\n"))).toBe(false);
  });
});
