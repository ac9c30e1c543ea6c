import { describe, expect, it } from "vitest";
import { sandboxSpecSchema } from "../environment/sandbox-spec.ts";
import type { SandboxLauncher } from "./port.ts";
import { selectLauncher } from "./select-launcher.ts";
import type { LauncherMakers, SandboxChoice } from "./select-launcher.ts";

const launcher = (name: SandboxLauncher["name"]): SandboxLauncher => ({
  name,
  notEnforced: [],
  start: () => Promise.reject(new Error("not started here")),
  close: () => Promise.resolve(),
});

function choose(
  choice: SandboxChoice,
  spec: Readonly<Record<string, unknown>>,
  here: readonly SandboxLauncher["name"][],
  platform: NodeJS.Platform = "linux",
): Promise<SandboxLauncher> {
  const make = (name: SandboxLauncher["name"]) => () =>
    Promise.resolve(here.includes(name) ? launcher(name) : null);
  const makers: LauncherMakers = {
    platform,
    docker: make("docker"),
    hasImage: async (image) => image !== "absent",
    bubblewrap: make("bubblewrap"),
    unshare: make("unshare"),
    gvisor: make("gvisor"),
    process: () => launcher("process"),
  };
  return selectLauncher(choice, { sandboxd: "/sandboxd", spec: sandboxSpecSchema.parse(spec) }, makers);
}

describe("selectLauncher", () => {
  it.each([
    ["an image and an engine", { image: "i", local: "l" }, ["docker", "bubblewrap"], "docker"],
    ["an image without an engine, but a folder", { image: "i", local: "l" }, ["bubblewrap"], "bubblewrap"],
    ["an image to pull and no folder", { image: "absent" }, ["docker", "bubblewrap"], "docker"],
    ["an image to pull, but a folder", { image: "absent", local: "l" }, ["docker", "unshare"], "unshare"],
    ["no image", {}, ["docker", "bubblewrap", "unshare"], "bubblewrap"],
    ["no image and no bubblewrap", { local: "l" }, ["docker", "unshare"], "unshare"],
  ] as const)("takes by itself, with %s, the best there is", async (_title, spec, here, expected) => {
    expect((await choose("auto", spec, here)).name).toBe(expected);
  });

  it.each([
    [
      "auto",
      { image: "i" },
      ["bubblewrap"],
      { code: "launcher_unavailable", says: /engine.*spec\.sandbox\.local/u },
    ],
    ["auto", {}, ["docker"], { code: "launcher_unavailable", says: /bubblewrap/u }],
    ["docker", {}, ["docker"], { code: "image_required", says: /image/u }],
    ["docker", { image: "i" }, [], { code: "launcher_unavailable", says: /Docker/u }],
    ["bubblewrap", { image: "i" }, ["docker"], { code: "launcher_unavailable", says: /bubblewrap/u }],
  ] as const)("refuses %s with %o and only %o", async (choice, spec, here, { code, says }) => {
    await expect(choose(choice, spec, here)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
    });
  });

  it("pulls an image where nothing but an engine isolates, whatever folder stands beside it", async () => {
    const spec = { image: "absent", local: "l" };
    expect((await choose("auto", spec, ["docker"], "darwin")).name).toBe("docker");
  });

  it.each(["darwin", "win32"] as const)(
    "sends a user of %s to a Docker engine and an image",
    async (platform) => {
      for (const choice of ["auto", "bubblewrap"] as const) {
        await expect(choose(choice, { local: "l" }, [], platform)).rejects.toMatchObject({
          code: "launcher_unavailable",
          message: "Sandboxes on this system need Docker: start an engine and set spec.sandbox.image.",
        });
      }
    },
  );

  it("runs without isolation only when it is asked to", async () => {
    expect((await choose("process", {}, ["bubblewrap"])).name).toBe("process");
  });
});
