import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const MODULE = new URL("../../support/lib/owned-folder.ts", import.meta.url).href;
/** Says its folder and what it swept, and stays. */
const OWNER = `
  const { ownedFolder } = await import(${JSON.stringify(MODULE)});
  const swept = [];
  const folder = await ownedFolder("owned-", async (name) => void swept.push(name));
  console.log(JSON.stringify({ folder, swept }));
  setInterval(() => undefined, 1000);
`;

describe.skipIf(process.platform !== "linux")("a folder that a process of the tests owns", () => {
  let parent: string;
  const started: { kill(): Promise<unknown> }[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "owners-"));
  });
  afterEach(async () => {
    for (const each of started.splice(0)) await each.kill();
    await rm(parent, { recursive: true });
  });

  async function start() {
    const child = spawn(process.execPath, ["--input-type=module", "-e", OWNER], {
      env: { ...process.env, TMPDIR: parent },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(child, "exit");
    const kill = (): Promise<unknown> => {
      child.kill("SIGKILL");
      return exit;
    };
    started.push({ kill });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const said = JSON.parse(line) as { readonly folder: string; readonly swept: readonly string[] };
    return { ...said, kill };
  }

  it("is removed by the next one once its process was killed, and stays while that lives", async () => {
    const killed = await start();
    const living = await start();
    expect([living.swept, existsSync(killed.folder)]).toEqual([[], true]);
    await killed.kill();
    const next = await start();
    expect(next.swept).toEqual([killed.folder.slice(parent.length + 1)]);
    expect([killed, living, next].map(({ folder }) => existsSync(folder))).toEqual([false, true, true]);
  });
});
