import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Figures } from "../../load/bench/figures.ts";
import { LAUNCHERS } from "../../support/sandbox/launchers.ts";

const BENCH = fileURLToPath(new URL("../../load/bench.ts", import.meta.url));
const SMALL = ["--rollouts", "20", "--parallelism", "10", "--latency-ms", "5"];
/** How long the bench may take to end what it has started. */
const END_WITHIN_MS = 30_000;

describe("npm run bench", () => {
  let folder: string;
  const mark = randomUUID();

  /** In a temporary folder of its own; every process that inherits from it carries the mark. */
  const start = (args: readonly string[]) =>
    spawn(process.execPath, [BENCH, ...args], {
      env: { ...process.env, TMPDIR: folder, BENCH_MARK: mark },
      stdio: ["ignore", "pipe", "pipe"],
    });

  const runBench = async (args: readonly string[]) => {
    const child = start(args);
    const exit = once(child, "exit") as Promise<[number | null]>;
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    return { stdout, stderr, code };
  };

  beforeAll(async () => {
    // A short path: sockets of sandboxes are in it.
    folder = await mkdtemp("/tmp/bench-");
    // The unprivileged users of sandboxes pass through it.
    await chmod(folder, 0o755);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("prints the bare loop and Rollyard side by side, and leaves nothing behind", async () => {
    const { stdout, stderr, code } = await runBench([...SMALL, "--only", "bare,process"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const cellsOf = (row: string): readonly string[] =>
      stdout
        .split("\n")
        .find((line) => line.startsWith(row))
        ?.slice(row.length)
        .trim()
        .split(/ {2,}/u) ?? [];
    expect(stdout).toMatch(/bare loop +tools in process/u);
    expect(stdout).toMatch(/^\d+ cores \(.+\), [\d.]+ GiB, Linux /u);
    expect(cellsOf("rollouts  ")).toEqual(["20", "20"]);
    expect(cellsOf("rollouts/s, bare loop = 1")[0]).toBe("1.00");
    expect(cellsOf("stored messages, ROLLYARD_OUTCOMES")).toEqual(["-", "20.0"]);
    for (const row of ["rollouts/s  ", "CPU ms a turn, worker", "peak RSS MiB, worker"])
      for (const cell of cellsOf(row)) expect(Number(cell)).toBeGreaterThan(0);
    for (const row of ["CPU ms a turn, nats-server", "CPU ms a turn, grader", "CPU ms a turn, controller"])
      expect(cellsOf(row)[0]).toBe("-");
    expect(await readdir(folder)).toEqual([]);
    expect(await marked(mark)).toEqual([]);
  });

  it("runs in sandboxes too and counts what they use", async ({ skip }) => {
    const launcher = await LAUNCHERS.bubblewrap.make();
    if (typeof launcher === "string") return skip(launcher);
    await launcher.close();
    const { stdout, stderr, code } = await runBench([...SMALL, "--only", "sandbox", "--json"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { runs } = JSON.parse(stdout) as { readonly runs: readonly Figures[] };
    expect(runs.map(({ scenario, problems }) => ({ scenario, problems }))).toEqual([
      { scenario: "sandbox", problems: [] },
    ]);
    expect(runs[0]?.parts.sandboxes?.cpuSeconds).toBeGreaterThan(0);
    const leases = runs[0]?.streams.find(({ stream }) => stream === "ROLLYARD_LEASES");
    expect(leases?.messages).toBeGreaterThanOrEqual(20);
    expect(await readdir(folder)).toEqual([]);
  });

  it("ends with 130 on Ctrl-C in the middle, and leaves nothing behind", async () => {
    const child = start(["--rollouts", "100000", "--parallelism", "10", "--only", "process"]);
    const exit = once(child, "exit");
    await until(async () => (await marked(mark)).some((command) => command.includes("worker-main.ts")));
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    await until(async () => (await marked(mark)).length === 0);
    expect(await readdir(folder)).toEqual([]);
  });

  it("names a flag that it does not know, with exit code 2", async () => {
    const { stderr, code } = await runBench(["--rolouts", "3"]);
    expect({ code, names: stderr.includes("--rolouts"), helps: stderr.includes("Usage:") }).toEqual({
      code: 2,
      names: true,
      helps: true,
    });
  });
});

/** Command lines of the processes whose environment holds the mark. */
async function marked(mark: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/u.test(name));
  const commands = await Promise.all(
    pids.map(async (pid) => {
      // One that ended meanwhile has neither.
      const read = (name: string): Promise<string> =>
        readFile(join("/proc", pid, name), "utf8").catch(() => "");
      return (await read("environ")).includes(mark) ? read("cmdline") : "";
    }),
  );
  return commands.filter((command) => command !== "");
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + END_WITHIN_MS;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error("it did not come to be in time");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
