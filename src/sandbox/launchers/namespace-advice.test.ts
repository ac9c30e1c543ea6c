import { describe, expect, it } from "vitest";
import { namespaceAdvice } from "./namespace-advice.ts";

const settings = (given: Readonly<Record<string, string>>) => (path: string) => given[path] ?? null;

describe("namespaceAdvice", () => {
  it.each([
    ["/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"],
    [
      "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
      "1",
      "kernel.apparmor_restrict_unprivileged_userns=0",
    ],
    ["/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=15000"],
  ])("names the setting that stands in the way: %s", (path, value, fix) => {
    expect(namespaceAdvice("bubblewrap", settings({ [path]: value }))).toContain(fix);
  });

  it("thinks of a container when no setting does", () => {
    const sentence = namespaceAdvice("unshare", settings({ "/proc/sys/user/max_user_namespaces": "9000" }));
    expect(sentence).toMatch(/^unshare can't .*seccomp=unconfined.*Docker engine/u);
  });
});
