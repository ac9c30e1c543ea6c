import { describe, expect, it } from "vitest";
import { leasedSandboxes } from "./leased-sandboxes.ts";

describe("leasedSandboxes", () => {
  it("adds up the leased ones of all environments", () => {
    const page = [
      "# TYPE rollyard_sandboxes gauge",
      'rollyard_sandboxes{environment="a/b",state="leased"} 3',
      'rollyard_sandboxes{environment="a/b",state="ready"} 7',
      'rollyard_sandboxes{environment="a/c",state="leased"} 2',
      "rollyard_rollouts_active 9",
    ].join("\n");
    expect(leasedSandboxes(page)).toBe(5);
  });

  it("knows a page that has no sandboxes from one that counts none", () => {
    expect(leasedSandboxes("up 1\n")).toBeNull();
    expect(leasedSandboxes('rollyard_sandboxes{environment="a",state="ready"} 1\n')).toBe(0);
  });
});
