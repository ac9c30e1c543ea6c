import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { processesNaming, sandboxdOf } from "./host-view.ts";
import type { LauncherCase } from "./launchers.ts";
import { sandboxSpec, TrySandbox } from "./try-sandbox.ts";

/** What every launcher's sandboxes do; one that does not isolate is excused from what isolation gives. */
export function describeSandboxLauncher(launcherCase: LauncherCase): void {
  const { name, isolates, specFields, make, hasOwnKernel = false } = launcherCase;
  const specWith = (fields: Readonly<Record<string, unknown>> = {}) =>
    sandboxSpec({ ...specFields, ...fields });

  describe(`a sandbox of the ${name} launcher`, () => {
    let launcher: SandboxLauncher | string = "not made";
    let running: TrySandbox[] = [];

    beforeAll(async () => {
      launcher = await make();
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((sandbox) => sandbox.stop()));
    });
    afterAll(async () => {
      if (typeof launcher !== "string") await launcher.close();
    });

    const start = async (
      fields: Readonly<Record<string, unknown>> = {},
      localFolder?: string,
    ): Promise<TrySandbox> => {
      if (typeof launcher === "string") throw new Error(launcher);
      const local = localFolder === undefined ? {} : { localFolder };
      const sandbox = await TrySandbox.start(launcher, { spec: specWith(fields), ...local });
      running.push(sandbox);
      return sandbox;
    };
    const test = (title: string, body: () => Promise<void>): void =>
      // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect -- each caller gives both
      it(title, async ({ skip }) => {
        if (typeof launcher === "string") skip(launcher);
        await body();
      });
    const isolated = (title: string, body: () => Promise<void>): void => {
      if (isolates) test(title, body);
    };

    test("runs commands with stdin, folder and variables, and tells their exit code", async () => {
      const sandbox = await start({ env: { FROM_SPEC: "spec" } });
      await sandbox.sh("mkdir -p sub/dir");
      const result = await sandbox.sh('cat; pwd; echo "$FROM_SPEC $FROM_CALL"; echo wrong >&2; exit 7', {
        stdin: "typed\n",
        cwd: "sub/dir",
        env: { FROM_CALL: "call" },
      });
      expect(result.stdout).toMatch(/^typed\n\/.*\/sub\/dir\nspec call\n$/u);
      expect(result).toMatchObject({ stderr: "wrong\n", exitCode: 7, timedOut: false, replayed: false });
    });

    test("does not run as root", async () => {
      const sandbox = await start();
      expect(Number((await sandbox.sh("id -u")).stdout)).toBeGreaterThan(0);
    });

    test("writes and reads files, and knows what is none", async () => {
      const sandbox = await start();
      const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
      await sandbox.session.writeFile("deep/er/file.bin", bytes, "write-1");
      expect(Buffer.from((await sandbox.session.readFile("deep/er/file.bin", 1000)) ?? [])).toEqual(
        Buffer.from(bytes),
      );
      expect(await sandbox.session.readFile("deep/er/file.bin", 299)).toBeNull();
      expect(await sandbox.session.readFile("deep", 1000)).toBeNull();
      expect(await sandbox.session.readFile("absent", 1000)).toBeNull();
      await expect(sandbox.session.writeFile("deep", bytes, "write-2")).rejects.toMatchObject({
        code: "sandbox_write_refused",
      });
    });

    test("runs a call id once, whoever of the attempt asks again", async () => {
      const sandbox = await start();
      const call = {
        callId: "same",
        argv: ["/bin/sh", "-c", "echo x >> log; wc -l < log"],
        timeoutMs: 9000,
        maxOutputBytes: 100,
      };
      const first = await sandbox.session.exec(call);
      const newer = sandbox.sessionOf({ epoch: 2n });
      const second = await newer.exec({ ...call, timeoutMs: 5000 });
      await newer.close();
      expect([first.stdout.trim(), second.stdout.trim(), second.replayed]).toEqual(["1", "1", true]);
    });

    test("belongs to its first rollout and attempt, and to the newest driver", async () => {
      const sandbox = await start();
      await sandbox.sh("true");
      for (const holder of [{ rollout: "job-0-1" }, { attempt: 1 }, { epoch: 0n }]) {
        const stranger = sandbox.sessionOf(holder);
        await expect(stranger.readFile("x", 1)).rejects.toMatchObject({ code: "sandbox_fenced" });
        await stranger.close();
      }
    });

    test("kills what ignores SIGTERM at its timeout", async () => {
      const sandbox = await start();
      const began = performance.now();
      const result = await sandbox.sh("trap '' TERM INT HUP; while :; do sleep 1; done", { timeoutMs: 700 });
      expect(result).toMatchObject({ timedOut: true, signal: "SIGKILL" });
      expect(performance.now() - began).toBeLessThan(8000);
    });

    test("cuts a flood of output and stays alive", async () => {
      const sandbox = await start();
      // A kernel in user space takes most of a minute for a gigabyte.
      const flood = hasOwnKernel ? 2 ** 27 : 2 ** 30;
      const result = await sandbox.sh(`head -c ${flood} /dev/zero`, {
        maxOutputBytes: 1000,
        timeoutMs: 150_000,
      });
      expect(result.stdout.length).toBe(1000);
      expect(result.truncatedBytes).toBe(flood - 1000);
      expect((await sandbox.sh("echo alive")).stdout).toBe("alive\n");
    });

    test("makes text of binary noise and counts what it replaced", async () => {
      const sandbox = await start();
      const result = await sandbox.sh("printf 'a\\377\\376b\\000c'");
      expect(result.stdout).toBe("a\ufffd\ufffdb\u0000c");
      expect(result.invalidBytes).toBe(2);
    });

    test("gives the files of a frozen workdir as a tree, and follows no link", async () => {
      const sandbox = await start();
      await sandbox.session.writeFile("d/e/f", Buffer.from("x\n"), "write-f", 0o755);
      expect(await sandbox.sh("ln -s /etc d/out; ln -s d link")).toMatchObject({ exitCode: 0 });
      await sandbox.session.freeze();
      const limits = { maxBytes: 1000, maxEntries: 100 };
      const read = (path: string, more = {}) => sandbox.session.readTree(path, { ...limits, ...more });
      const content = Buffer.from("x\n");
      expect(await read("d")).toEqual({
        kind: "files",
        files: [{ path: "e/f", content, isExecutable: true }],
      });
      expect(await read("d/e/f")).toMatchObject({ kind: "files", files: [{ path: "" }] });
      expect(await read("none")).toEqual({ kind: "absent" });
      for (const path of ["link", "link/e", "../x", "/etc"]) {
        expect(await read(path)).toEqual({ kind: "refused", reason: "link" });
      }
      expect(await read("d", { maxBytes: 1 })).toEqual({ kind: "refused", reason: "too_large" });
      expect(await read("d", { maxEntries: 2 })).toEqual({ kind: "refused", reason: "too_large" });
    });

    test("kills everything at freeze, refuses commands, and still gives files", async () => {
      const sandbox = await start();
      await sandbox.sh("echo kept > kept.txt; (setsid sleep 876543 >/dev/null 2>&1 &)");
      await sandbox.session.freeze();
      expect(processesNaming("876543")).toEqual([]);
      expect(Buffer.from((await sandbox.session.readFile("kept.txt", 100)) ?? []).toString()).toBe("kept\n");
      await expect(sandbox.sh("true")).rejects.toMatchObject({ details: { refusal: "frozen" } });
    });

    test("is not ready before its setup, and fails with the exit code but not the output", async () => {
      const ready = await start({ setup: [["/bin/sh", "-c", "echo done > setup.txt"]] });
      expect((await ready.sh("cat setup.txt")).stdout).toBe("done\n");
      const error: unknown = await start({ setup: [["/bin/sh", "-c", "echo CANARY; exit 9"]] }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: "sandbox_setup_failed", details: { exit_code: 9 } });
      if (!(error instanceof RollyardError)) throw new Error("no error of ours");
      expect(JSON.stringify([error.message, error.details])).not.toContain("CANARY");
    });

    test("ends as killed by the agent when its sandboxd dies", async () => {
      const sandbox = await start();
      await sandbox.sh("true");
      if (hasOwnKernel) await sandbox.sh("kill -9 1").catch(() => undefined);
      else process.kill(sandboxdOf(sandbox.launched.sandboxUid).pid, "SIGKILL");
      expect(await sandbox.launched.ended).toMatchObject({ kind: "killed_by_agent" });
      await expect(sandbox.sh("true")).rejects.toMatchObject({ code: "sandbox_unreachable" });
    });

    test("leaves no process and no folder once stopped", async () => {
      const sandbox = await start();
      await sandbox.sh("(setsid sleep 765432 >/dev/null 2>&1 &)");
      await sandbox.stop();
      expect(await sandbox.launched.ended).toEqual({ kind: "stopped" });
      expect(processesNaming(sandbox.launched.sandboxUid)).toEqual([]);
      expect(processesNaming("765432")).toEqual([]);
    });

    if (!specFields["image"])
      test("gets a copy of the local folder, not the folder", async () => {
        const folder = await mkdtemp(join(tmpdir(), "contract-"));
        await writeFile(join(folder, "given.txt"), "given");
        const sandbox = await start({}, folder);
        expect((await sandbox.sh("cat given.txt; echo changed > given.txt")).stdout).toBe("given");
        expect(await readFile(join(folder, "given.txt"), "utf8")).toBe("given");
        await rm(folder, { recursive: true });
      });

    isolated("runs in the workdir of its spec", async () => {
      const sandbox = await start({ workdir: "/srv/place" });
      expect((await sandbox.sh("pwd")).stdout).toBe("/srv/place\n");
    });

    if (!hasOwnKernel)
      isolated("survives a signal of the agent to its sandboxd", async () => {
        const sandbox = await start();
        await sandbox.sh("kill -9 1; kill -STOP 1; kill -9 -1");
        expect((await sandbox.sh("echo alive")).stdout).toBe("alive\n");
      });

    isolated("bounds a fork bomb and goes on", async () => {
      const sandbox = await start({ pidsLimit: 40 });
      const result = await sandbox.sh("bomb() { bomb | bomb & }; bomb; sleep 30", { timeoutMs: 2500 });
      expect(result.timedOut || result.exitCode !== 0).toBe(true);
      const after = await sandbox.sh("ls -d /proc/[0-9]* | wc -l");
      expect(Number(after.stdout)).toBeLessThan(40 + 24 + 2);
    });

    isolated("has no network, this machine's loopback included", async () => {
      const server = createServer((socket) => socket.end("reached")).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const sandbox = await start();
      const dial = `exec 3<>/dev/tcp/127.0.0.1/${port} && cat <&3`;
      const result = await sandbox.sh(`bash -c '${dial}'`);
      expect(result.stdout).not.toContain("reached");
      expect(result.exitCode).not.toBe(0);
      expect((await sandbox.sh("cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d ' \\n'")).stdout).toBe("lo");
      server.close();
    });

    isolated("sees no home, no folder of ours, no other sandbox and no process of this machine", async () => {
      const secret = await mkdtemp(join(tmpdir(), "contract-secret-"));
      const [first, second] = [await start(), await start()];
      await first.sh("echo mine > /tmp/mine; echo mine > mine");
      const looks = [secret, import.meta.dirname, process.env["HOME"] ?? "/root", "/tmp/mine", "mine"];
      for (const path of looks) expect((await second.sh(`ls -A '${path}'`)).stdout).toBe("");
      const commands = await second.sh("cat /proc/[0-9]*/cmdline | tr '\\0' '\\n'");
      expect(commands.stdout).not.toContain(first.launched.sandboxUid);
      expect(commands.stdout).not.toContain("vitest");
      await rm(secret, { recursive: true });
    });

    isolated("can't change the system or get rights", async () => {
      const sandbox = await start();
      const result = await sandbox.sh(
        "touch /usr/x /etc/x /x 2>/dev/null && echo wrote; mount -t tmpfs none /tmp 2>/dev/null && echo mounted; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; ls /proc/self/fd | wc -w",
      );
      expect(result.stdout).toMatch(/^CapEff:\s+0+\nNoNewPrivs:\s+1\n4\n$/u);
    });
  });
}
