import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/lib/clock.ts";
import { newBaseFolder, sweepBaseFolders } from "../../../src/sandbox/launchers/base-folder.ts";
import { SupervisedLauncher } from "../../../src/sandbox/launchers/supervised-launcher.ts";
import { baseFolders, mountsOfSandboxes, processesNaming } from "../../support/sandbox/host-view.ts";
import { LAUNCHERS } from "../../support/sandbox/launchers.ts";
import type { LauncherCase } from "../../support/sandbox/launchers.ts";
import { SANDBOXD, sandboxSpec, TrySandbox } from "../../support/sandbox/try-sandbox.ts";

const PARENT = fileURLToPath(new URL("../../support/sandbox/parent-main.ts", import.meta.url));
const WITHIN = { timeout: 10_000, interval: 50 };

// Launchers keep their folders where TMPDIR says; those of other tests beside this one are none of its own.
const sharedFolder = process.env["TMPDIR"];
beforeAll(async () => {
  process.env["TMPDIR"] = await mkdtemp(path.join(tmpdir(), "node-loss-"));
  // Sandboxes have users of their own, who have to get below.
  await chmod(tmpdir(), 0o1777);
});
afterAll(async () => {
  await rm(tmpdir(), { recursive: true });
  if (sharedFolder === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = sharedFolder;
});

let parents: ChildProcess[] = [];
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill("SIGKILL");
});

/** Starts a process that holds one sandbox with a command running in it. */
async function startParent(
  name: string,
): Promise<{ parent: ChildProcess; uid: string; bases: readonly string[] }> {
  const before = new Set(baseFolders());
  const parent = spawn(process.execPath, [PARENT, name], { stdio: ["ignore", "pipe", "inherit"] });
  parents.push(parent);
  const told = once(createInterface({ input: parent.stdout }), "line") as Promise<[string]>;
  const died = once(parent, "exit").then(() => Promise.reject(new Error("the parent ended by itself")));
  const [uid] = await Promise.race([told, died]);
  return { parent, uid, bases: baseFolders().filter((folder) => !before.has(folder)) };
}

async function expectNothingLeft(uid: string, bases: readonly string[]): Promise<void> {
  await vi.waitFor(() => {
    expect(processesNaming(uid)).toEqual([]);
    expect(processesNaming("987654")).toEqual([]);
    expect(bases.filter((folder) => existsSync(folder))).toEqual([]);
  }, WITHIN);
  expect(mountsOfSandboxes()).toEqual([]);
}

function supervisorOf(base: string): number {
  const pid = processesNaming(base).find(({ argv }) => argv.includes("supervise"))?.pid;
  if (pid === undefined) throw new Error("no supervisor of this folder runs");
  return pid;
}

function describeNodeLoss(launcherCase: LauncherCase): void {
  const { name, make, hasSupervisor, specFields } = launcherCase;
  const spec = sandboxSpec(specFields);
  describe(`the node of the ${name} launcher`, () => {
    let missing = "";
    beforeAll(async () => {
      const launcher = await make();
      if (typeof launcher === "string") {
        missing = launcher;
        return;
      }
      await launcher.close();
    });

    for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const)
      it(`leaves nothing when its parent gets ${signal}`, async ({ skip }) => {
        if (missing !== "") skip(missing);
        const { parent, uid, bases } = await startParent(name);
        expect(processesNaming(uid)).not.toEqual([]);
        expect(bases).toHaveLength(1);
        parent.kill(signal);
        await expectNothingLeft(uid, bases);
      });

    it("leaves nothing but a folder when parent and supervisor are killed, and the next start removes it", async ({
      skip,
    }) => {
      if (missing !== "") skip(missing);
      const { parent, uid, bases } = await startParent(name);
      const [base = ""] = bases;
      parent.kill("SIGSTOP");
      process.kill(supervisorOf(base), "SIGKILL");
      parent.kill("SIGKILL");
      await vi.waitFor(() => expect(processesNaming(uid)).toEqual([]), WITHIN);
      expect(existsSync(base)).toBe(true);
      const launcher = await make();
      if (typeof launcher === "string") throw new Error(launcher);
      const sandbox = await TrySandbox.start(launcher, { spec });
      await sandbox.stop();
      expect(existsSync(base)).toBe(false);
      await launcher.close();
      await expectNothingLeft(uid, bases);
    });

    it("takes what others left along when it closes, though it never started a sandbox", async ({ skip }) => {
      if (missing !== "") skip(missing);
      const launcher = await make();
      if (typeof launcher === "string") throw new Error(launcher);
      const { parent, uid, bases } = await startParent(name);
      const [base = ""] = bases;
      // As a sweeper leaves it that was killed before the last step.
      const emptied = newBaseFolder();
      mkdirSync(emptied);
      parent.kill("SIGSTOP");
      process.kill(supervisorOf(base), "SIGKILL");
      parent.kill("SIGKILL");
      await vi.waitFor(() => expect(processesNaming(uid)).toEqual([]), WITHIN);
      await launcher.close();
      expect([base, emptied].filter((folder) => existsSync(folder))).toEqual([]);
    });

    it("starts beside others that sweep all the time", async ({ skip }) => {
      if (missing !== "") skip(missing);
      const over = new AbortController();
      const sweeping = (async () => {
        while (!over.signal.aborted) await sweepBaseFolders(SANDBOXD);
      })();
      for (let round = 0; round < 5; round += 1) {
        const launcher = await make();
        if (typeof launcher === "string") throw new Error(launcher);
        const sandbox = await TrySandbox.start(launcher, { spec });
        expect((await sandbox.sh("echo up")).stdout).toBe("up\n");
        await sandbox.stop();
        await launcher.close();
      }
      over.abort();
      await sweeping;
      expect(baseFolders()).toEqual([]);
    });

    it.runIf(hasSupervisor)(
      "is lost with its supervisor, takes its sandboxes along, and another one is made",
      async ({ skip }) => {
        const launcher = await make();
        if (!(launcher instanceof SupervisedLauncher)) return skip(missing);
        const before = new Set(baseFolders());
        const first = await TrySandbox.start(launcher);
        const bases = baseFolders().filter((folder) => !before.has(folder));
        process.kill((await launcher.supervisorPid()) ?? 0, "SIGKILL");
        expect(await first.launched.ended).toMatchObject({ kind: "node_lost" });
        const second = await TrySandbox.start(launcher);
        expect((await second.sh("echo up")).stdout).toBe("up\n");
        await expectNothingLeft(first.launched.sandboxUid, bases);
        await second.stop();
        await launcher.close();
      },
    );

    it.runIf(hasSupervisor)(
      "leaves nothing when its supervisor is killed in the middle of starts",
      async ({ skip }) => {
        if (missing !== "") skip(missing);
        const before = new Set(baseFolders());
        const uids: string[] = [];
        for (let delayMs = 0; delayMs < 40; delayMs += 5) {
          const launcher = await make();
          if (!(launcher instanceof SupervisedLauncher)) throw new Error("no supervisor");
          uids.push((await TrySandbox.start(launcher)).launched.sandboxUid);
          const starts = Promise.allSettled([1, 2, 3].map(() => TrySandbox.start(launcher)));
          await systemClock.sleep(delayMs);
          process.kill((await launcher.supervisorPid()) ?? 0, "SIGKILL");
          for (const start of await starts)
            if (start.status === "fulfilled") uids.push(start.value.launched.sandboxUid);
          await launcher.close();
        }
        const bases = baseFolders().filter((folder) => !before.has(folder));
        for (const uid of uids) await expectNothingLeft(uid, bases);
      },
    );
  });
}

describeNodeLoss(LAUNCHERS.bubblewrap);
describeNodeLoss(LAUNCHERS.unshare);
describeNodeLoss(LAUNCHERS.process);
describeNodeLoss(LAUNCHERS.docker);
