import { describe, expect, it } from "vitest";
import { npmAdvice, npmEnv } from "./dependencies.mjs";

describe("npmEnv", () => {
  it("leaves out the PATH entries inside node_modules, which npm is about to replace", () => {
    const env = npmEnv({ PATH: "/clone/node_modules/.bin:/usr/bin:/node_modules/.bin/" });
    expect(env["PATH"]).toBe("/usr/bin");
  });

  it("leaves out what an outer npm says about its script and keeps its configuration", () => {
    const env = npmEnv({
      PATH: "",
      npm_lifecycle_event: "start",
      npm_package_name: "x",
      npm_config_cache: "/c",
    });
    expect(env).toEqual({ PATH: "", npm_config_cache: "/c" });
  });
});

describe("npmAdvice", () => {
  it("tells an unreachable registry from a full disk and a forbidden folder", () => {
    expect(npmAdvice("npm error code ENOTFOUND")).toContain("registry can't be reached");
    expect(npmAdvice("npm error code ENOSPC")).toContain("disk is full");
    expect(npmAdvice("npm error code EACCES")).toContain("can't be written");
    expect(npmAdvice("npm error something else")).toContain("last lines");
  });
});
