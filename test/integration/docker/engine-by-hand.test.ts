import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { importTestImage } from "../../support/sandbox/test-image.ts";
import { whyNoEngine } from "../../support/docker/no-engine.ts";
import { startByHand, whyNotByHand } from "../../support/docker/test-engine.ts";
import { processesNaming } from "../../support/sandbox/host-view.ts";
import { LAUNCHERS } from "../../support/sandbox/launchers.ts";
import { sandboxSpec, TrySandbox } from "../../support/sandbox/try-sandbox.ts";

const PARENT = fileURLToPath(new URL("../../support/docker/engine-main.ts", import.meta.url));
const WITHIN = { timeout: 10_000, interval: 50 };

let parents: ChildProcess[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const parent of parents.splice(0)) parent.kill("SIGKILL");
});

/** What there is of an engine on this machine, and of the container that its process has started. */
function tracesOf(host: string): readonly unknown[] {
  const folder = dirname(host.replace("unix://", ""));
  const hierarchies = ["", ...readdirSync("/sys/fs/cgroup")];
  return [
    ...processesNaming(`${folder}/pid`),
    ...processesNaming("876123"),
    ...hierarchies
      .map((name) => join("/sys/fs/cgroup", name, basename(folder)))
      .concat(folder)
      .filter((path) => existsSync(path)),
  ];
}

describe("an engine that is started by hand", () => {
  beforeEach(async ({ skip }) => {
    const missing = whyNoEngine() ?? (await whyNotByHand());
    if (missing !== null) skip(missing);
  });

  it("ends with its containers when the process that keeps it is killed", async () => {
    const parent = spawn(process.execPath, [PARENT], { stdio: ["pipe", "pipe", "inherit"] });
    parents.push(parent);
    const [host] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    // The engine says that it runs before the program has taken the place of what starts it.
    await vi.waitFor(() => expect(processesNaming("876123")).toHaveLength(1), WITHIN);
    expect(tracesOf(host).length).toBeGreaterThan(4);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(tracesOf(host)).toEqual([]), WITHIN);
  });

  it("takes its sandboxes along, and their launcher calls the node lost", async () => {
    const engine = await startByHand();
    if (typeof engine === "string") throw new Error(engine);
    vi.stubEnv("DOCKER_HOST", engine.host);
    await importTestImage();
    const launcher = await LAUNCHERS.docker.make();
    if (typeof launcher === "string") throw new Error(launcher);
    const sandbox = await TrySandbox.start(launcher, { spec: sandboxSpec(LAUNCHERS.docker.specFields) });
    await engine.stop();
    expect(await sandbox.launched.ended).toMatchObject({ kind: "node_lost" });
    await expect(sandbox.sh("true")).rejects.toMatchObject({ code: "sandbox_unreachable" });
    expect(processesNaming(sandbox.launched.sandboxUid)).toEqual([]);
    await launcher.close();
  });
});
