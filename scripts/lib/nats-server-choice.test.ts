import { describe, expect, it } from "vitest";
import { chooseNatsServer, releaseTarget } from "./nats-server-choice.mjs";

type Observed = Parameters<typeof chooseNatsServer>[0];

const noGo = { kind: "unusable", reason: "Go is not installed" } as const;
const bare: Observed = { onPath: null, isCached: false, go: noGo, platform: "linux", arch: "x64" };
const go = { kind: "ready", env: {} } as const;

describe("chooseNatsServer", () => {
  it("prefers a server on PATH from 2.12 on", () => {
    const onPath = { path: "/usr/bin/nats-server", version: [2, 12, 0] } as const;
    expect(chooseNatsServer({ ...bare, onPath, isCached: true, go })).toEqual({
      kind: "path",
      path: onPath.path,
    });
  });

  it("passes over a server on PATH that is too old or does not say its version", () => {
    const old = { path: "/usr/bin/nats-server", version: [2, 9, 10] } as const;
    expect(chooseNatsServer({ ...bare, onPath: old, isCached: true })).toEqual({ kind: "cached" });
    expect(chooseNatsServer({ ...bare, onPath: { ...old, version: null }, go })).toEqual({
      kind: "build",
      env: {},
    });
  });

  it("takes the cached build before it builds again", () => {
    expect(chooseNatsServer({ ...bare, isCached: true, go })).toEqual({ kind: "cached" });
  });

  it("builds with the environment that the Go at hand needs", () => {
    const older = { kind: "ready", env: { GOTOOLCHAIN: "auto" } } as const;
    expect(chooseNatsServer({ ...bare, go: older })).toEqual({ kind: "build", env: { GOTOOLCHAIN: "auto" } });
  });

  it("downloads the release where there is no Go", () => {
    expect(chooseNatsServer(bare)).toEqual({ kind: "download", target: "linux-amd64" });
  });

  it("says every reason where nothing is left", () => {
    const onPath = { path: "/usr/bin/nats-server", version: [2, 9, 10] } as const;
    const choice = chooseNatsServer({ ...bare, onPath, arch: "riscv64" });
    expect(choice).toEqual({
      kind: "none",
      reason: "nats-server 2.9.10 on PATH is older than 2.12.0, and Go is not installed",
    });
  });
});

describe("releaseTarget", () => {
  it("names systems as the release files do", () => {
    expect(releaseTarget("darwin", "arm64")).toBe("darwin-arm64");
    expect(releaseTarget("win32", "x64")).toBeNull();
  });
});
