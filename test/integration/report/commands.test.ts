import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Command, CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { registerDoctor } from "../../../services/cli/commands/doctor.ts";
import { registerList } from "../../../services/cli/commands/list.ts";
import { registerReport } from "../../../services/cli/commands/report.ts";
import { registerShow } from "../../../services/cli/commands/show.ts";
import { exitCodeOf } from "../../../services/cli/exit-code.ts";
import { STOP_REASONS } from "../../../src/rollout/stop-reason.ts";
import type { ResultRecord } from "../../../src/trajectory/result-record.ts";
import { aRecordedCall } from "../../support/trajectory/records.ts";
import { aFailure, aSample, sampleRun, trajectoryOf, writeRun } from "../../support/trajectory/sample-run.ts";
import type { RunRecords } from "../../support/trajectory/sample-run.ts";
import { scratchFolder } from "../../support/trajectory/scratch-folder.ts";

interface End {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command as main.ts does, in this process. */
async function rollyard(cwd: string, ...args: readonly string[]): Promise<End> {
  const texts = { stdout: "", stderr: "" };
  const stdout = (text: string): void => void (texts.stdout += text);
  const stderr = (text: string): void => void (texts.stderr += text);
  const program = new Command("rollyard")
    .exitOverride()
    .configureOutput({ writeOut: stdout, writeErr: stderr });
  for (const register of [registerList, registerShow, registerReport, registerDoctor]) {
    register(program, {
      stdout,
      stderr,
      ask: async () => null,
      env: {},
      command: "rollyard",
      cwd,
      setExitCode: () => undefined,
    });
  }
  try {
    await program.parseAsync(["node", "rollyard", ...args]);
    return { code: 0, ...texts };
  } catch (error) {
    if (error instanceof CommanderError) return { code: error.exitCode === 0 ? 0 : 2, ...texts };
    return { code: exitCodeOf(error), stdout: texts.stdout, stderr: `${texts.stderr}${String(error)}` };
  }
}

async function runFolder(run: RunRecords = sampleRun(6, 4)): Promise<string> {
  const outer = await scratchFolder();
  await writeRun(outer, run);
  return outer;
}

/** A job of two items by two with three failures, a retry that mends one of them and one that mends another. */
async function familyFolder(): Promise<string> {
  const outer = await scratchFolder();
  const at = (item_index: number, sample_index: number, job = "sample") => ({
    item_index,
    sample_index,
    job,
    rollout: `${job}-${item_index}-${sample_index}`,
  });
  const end = { condition: "Complete", reason: "SomeUngraded", message: "." } as const;
  const write = (job: string, results: readonly ResultRecord[], hasEnded = true): Promise<string> => {
    const attempts = results.filter(({ outcome }) => outcome === "failed");
    const trajectories = results.map((each) => trajectoryOf(each));
    return writeRun(outer, { results, attempts, trajectories, ...(hasEnded ? { end } : {}) }, job);
  };
  await write("sample", [aSample(at(0, 0)), aFailure(at(0, 1)), aFailure(at(1, 0)), aFailure(at(1, 1))]);
  const first = "sample-retry-1";
  await write(first, [
    aSample({ ...at(0, 1, first), reward: 0.5 }),
    aFailure(at(1, 0, first)),
    aFailure(at(1, 1, first)),
  ]);
  const second = "sample-retry-2";
  await write(second, [aSample(at(1, 0, second)), aFailure(at(1, 1, second))], false);
  return outer;
}

/** What a terminal or a browser must never be given by a text of a sandbox. */
const HOSTILE = `\u001b[2J\u009b31m<script>alert(1)</script><img src="http://evil.test/x.png"> ![x](http://evil.test/y.png) | \u202etxt`;

function hostileRun(): RunRecords {
  const result = aSample({ flags: [HOSTILE], sub_rewards: { [HOSTILE]: 1 } });
  const failure = aFailure({ sample_index: 1, failure_reason: HOSTILE, evidence: { [HOSTILE]: HOSTILE } });
  const calls = [aRecordedCall({ name: HOSTILE })];
  return {
    results: [result, failure],
    attempts: [failure],
    trajectories: [trajectoryOf(result, calls, HOSTILE), trajectoryOf(failure, calls, HOSTILE)],
  };
}

// oxlint-disable-next-line no-control-regex -- the very characters that must not be there
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/u;

describe("rollyard report", () => {
  it("prints the report, and writes it as Markdown and as one page", async () => {
    const folder = await runFolder();
    const { code, stdout, stderr } = await rollyard(folder, "report", ".");
    expect(code).toBe(0);
    for (const title of [
      "WHAT STANDS OUT",
      "REWARDS",
      "MORE SAMPLES",
      "FAILURES",
      "TOOLS",
      "SECONDS BY PHASE",
      "TOKENS",
    ]) {
      expect(stdout).toContain(title);
    }
    expect(stdout).toContain("2 of 6 groups have zero variance: no gradient (items 0, 1; ");
    expect(stderr).toContain(path.join(folder, "sample", "report.html"));
    const [markdown, html] = await Promise.all(
      ["report.md", "report.html"].map((name) => readFile(path.join(folder, "sample", name), "utf8")),
    );
    expect(markdown).toContain("## What stands out");
    expect(html?.match(/<svg /gu)).toHaveLength(6);
    expect(html).not.toMatch(/NaN|undefined|Infinity|<script/u);
  });

  it("names rollouts worth reading by commands that work", async () => {
    const folder = await runFolder();
    const { stdout } = await rollyard(folder, "report", ".");
    const commands = [...stdout.matchAll(/^rollyard (show .*?) +#/gmu)].map(([, line = ""]) =>
      line.split(" "),
    );
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) expect(await rollyard(folder, ...command)).toMatchObject({ code: 0 });
  });

  it("gives a program the same figures", async () => {
    const folder = await runFolder();
    const { stdout } = await rollyard(folder, "report", "sample", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      job: "sample",
      rollouts: { total: 24 },
      zero_variance_groups: [0, 1],
      samples: [{ k: 1 }, { k: 2 }, { k: 3 }, { k: 4 }],
    });
  });

  it("lets nothing that came out of a sandbox act on a terminal, a page or a Markdown viewer", async () => {
    const folder = await runFolder(hostileRun());
    const { stdout, stderr } = await rollyard(folder, "report", ".");
    expect(`${stdout}${stderr}`).not.toMatch(STEERING);
    const html = await readFile(path.join(folder, "sample", "report.html"), "utf8");
    expect(html).not.toMatch(STEERING);
    expect(html).not.toMatch(/<script|<img|(src|href)=["']?http/u);
    expect(html).toContain("default-src 'none'");
    const markdown = await readFile(path.join(folder, "sample", "report.md"), "utf8");
    expect(markdown).not.toMatch(STEERING);
    // Code blocks, which are indented, show what they hold.
    const active = markdown.split("\n").filter((line) => !line.startsWith("    "));
    expect(active.join("\n")).not.toMatch(/<script|<img|[^\\]!\[|[^\\]\]\(|:\/\//u);
  });

  it("joins a job with its retries, says what they replaced, and gives each alone by its folder", async () => {
    const folder = await familyFolder();
    const { stdout, stderr } = await rollyard(folder, "report", ".");
    expect(stdout).toContain("sample and its 2 retries: 4 rollouts");
    expect(stdout).toContain(
      "2 of 3 failed rollouts have a reward by a retry. 1 rollout of it still has none.",
    );
    expect(stdout).toContain("sample-retry-2 has not ended: these are its rollouts so far.");
    expect(stdout).toContain(
      "Replaced: 0-1 (sandbox/sandbox_lost, now 0.500 by sample-retry-1), 1-0 (sandbox/sandbox_lost, now 1 by sample-retry-2).",
    );
    // Of rollout 1-1 three attempts, one in each job; it is lost once.
    expect(stdout).toContain("6 attempts failed");
    expect(stderr).toContain(path.join(folder, "report.html"));
    const joined = await rollyard(folder, "report", ".", "--json");
    expect(JSON.parse(joined.stdout)).toMatchObject({
      job: "sample",
      rollouts: { total: 4, graded: 3, failed: 1 },
      jobs: [
        { job: "sample", rollouts: 4, failed: 3, current: 1, ended: true },
        { job: "sample-retry-1", rollouts: 3, graded: 1, current: 1 },
        { job: "sample-retry-2", rollouts: 2, graded: 1, current: 2, ended: false },
      ],
      replaced: [
        { item_index: 0, sample_index: 1 },
        { item_index: 1, sample_index: 0 },
      ],
      samples: [
        { k: 1, groups: 2 },
        { k: 2, groups: 1 },
      ],
    });
    const alone = await rollyard(folder, "report", "sample-retry-1", "--json");
    expect(JSON.parse(alone.stdout)).toMatchObject({
      job: "sample-retry-1",
      rollouts: { total: 3, graded: 1 },
    });
  });

  it("names a joined rollout worth reading in the folder of the job that it stands by", async () => {
    const folder = await familyFolder();
    const { stdout } = await rollyard(folder, "report", ".");
    const commands = [...stdout.matchAll(/^rollyard (show \S+ \S+) +#/gmu)].map(([, line = ""]) =>
      line.split(" "),
    );
    expect(commands.length).toBeGreaterThan(1);
    for (const command of commands) expect(await rollyard(folder, ...command)).toMatchObject({ code: 0 });
  });

  it("tells a run that has not ended", async () => {
    const folder = await runFolder({ results: [] });
    const { code, stdout } = await rollyard(folder, "report", ".");
    expect(code).toBe(0);
    expect(stdout).toContain("The run has not ended");
  });

  it("prints figures even where it can't write", async () => {
    const folder = await runFolder();
    // A folder in the place of the file: it can't be replaced, not even by root.
    await mkdir(path.join(folder, "sample", "report.md"));
    const { code, stdout, stderr } = await rollyard(folder, "report", ".");
    expect(code).toBe(2);
    expect(stdout).toContain("WHAT STANDS OUT");
    expect(stderr).toMatch(/report\.md can't be written \(\w+\)/u);
  });
});

describe("the folder that a user names", () => {
  it("may hold several jobs: then they are named", async () => {
    const folder = await scratchFolder();
    await writeRun(folder, sampleRun(2, 2), "first");
    await writeRun(folder, sampleRun(2, 2), "second");
    const { code, stderr } = await rollyard(folder, "report", ".");
    expect(code).toBe(2);
    expect(stderr).toContain("holds several jobs: first, second");
  });

  it.each([["list"], ["report"], ["show"]])("is no run: %s says so and exits 2", async (command) => {
    const folder = await scratchFolder();
    const rest = command === "show" ? ["3-1"] : [];
    for (const [given, sentence] of [
      [".", "is no run folder"],
      ["nowhere", "There is no folder"],
    ] as const) {
      const { code, stdout, stderr } = await rollyard(folder, command, given, ...rest);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(sentence);
    }
  });

  it("holds a line that is no record: it is named, exit 2", async () => {
    const folder = await runFolder({ results: [aSample()] });
    await writeFile(path.join(folder, "sample", "results.jsonl"), '{"job":"sample"}\n{}\n');
    const { code, stderr } = await rollyard(folder, "list", ".");
    expect(code).toBe(2);
    expect(stderr).toContain("results.jsonl:1 is no record");
  });
});

describe("rollyard list", () => {
  const run: RunRecords = {
    results: [
      aSample({ reward: 0 }),
      aSample({ sample_index: 1, reward: 0.2 }),
      aSample({ sample_index: 2, reward: 0.7, stop_reason: "max_turns" }),
      aFailure({ sample_index: 3 }),
    ],
  };

  const listed = async (...flags: readonly string[]): Promise<string[]> => {
    const { stdout } = await rollyard(await runFolder(run), "list", ".", "--json", ...flags);
    return stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { rollout: string }).rollout.slice(13));
  };

  it.each([
    [[], ["0-0", "0-1", "0-2", "0-3"]],
    [["--failed"], ["0-3"]],
    [
      ["--reward", "0..0.2"],
      ["0-0", "0-1"],
    ],
    [["--reward", "0.5..1"], ["0-2"]],
    [["--stop", "max_turns"], ["0-2"]],
    [["--stop", "answered", "--reward", "0.1..1"], ["0-1"]],
  ])("finds by %j", async (flags, places) => {
    expect(await listed(...flags)).toEqual(places);
  });

  it("shows no reward where there is none", async () => {
    const { stdout } = await rollyard(await runFolder(run), "list", ".");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^rollout +reward/u);
    expect(lines[4]).toMatch(/^0-3 +– +failed .* sandbox\/sandbox_lost$/u);
    expect(lines.at(-1)).toBe("4 rollouts");
  });

  it.each([
    [["--reward", "high"], "must be two numbers"],
    [["--reward", "1..0"], "the smaller first"],
    [["--stop", "tired"], STOP_REASONS.join(", ")],
    [["--stop", "anwsered"], 'did you mean "answered"?'],
  ])("refuses %j with a sentence", async (flags, sentence) => {
    const { code, stderr } = await rollyard(await runFolder(run), "list", ".", ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});

describe("a folder around a job and its retries", () => {
  const placesIn = (stdout: string): readonly string[] =>
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => {
        const { rollout, reward } = JSON.parse(line) as ResultRecord;
        return `${rollout} ${reward}`;
      });

  it("lists each rollout once, as it stands, and a run folder in it its job alone", async () => {
    const folder = await familyFolder();
    const joined = await rollyard(folder, "list", ".", "--json");
    expect(placesIn(joined.stdout)).toEqual([
      "sample-0-0 1",
      "sample-retry-1-0-1 0.5",
      "sample-retry-2-1-0 1",
      "sample-retry-2-1-1 null",
    ]);
    const failed = await rollyard(folder, "list", ".", "--failed");
    expect(failed.stdout).toMatch(/ job\n1-1 .* sample-retry-2\n1 rollout\n$/u);
    const alone = await rollyard(folder, "list", "sample", "--failed");
    expect(alone.stdout).toMatch(/ failure\n0-1 .*\n1-0 .*\n1-1 .*\n3 rollouts\n$/u);
  });

  it("shows a rollout as it stands, and a run folder in it as its job has it", async () => {
    const folder = await familyFolder();
    const heads = await Promise.all(
      [".", "sample", "sample-retry-1"].map((dir) => rollyard(folder, "show", dir, "0-1")),
    );
    expect(heads.map(({ stdout }) => stdout.split(" ", 2)[1])).toEqual([
      "sample-retry-1-0-1",
      "sample-0-1",
      "sample-retry-1-0-1",
    ]);
    expect(await rollyard(folder, "show", "sample-retry-2", "0-1")).toMatchObject({ code: 2 });
  });

  it.each([
    ["list", "DIR is a run folder, and means its job alone; or the folder around a job and"],
    ["show", "DIR is a run folder, and means its job alone; or the folder around a job and"],
    ["report", "DIR is a run folder, and means its job alone; or the folder around a job and"],
    ["doctor", "A run folder means its job alone; the folder around a job and its retries:"],
  ])("is told in the help of %s", async (command, sentence) => {
    const { stdout } = await rollyard(".", command, "--help");
    expect(stdout).toContain(sentence);
  });
});
