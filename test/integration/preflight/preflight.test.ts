import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { byItem, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { HONEST, commandJob, writing } from "../../support/grader/command-job.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import type { SmallJob } from "../../support/run/small-job.ts";

const world = runWorld();

const right = shellThen("cat a.txt", "done");
const wrong = shellThen("cat a.txt", "no");

/** Answers right and wrong in turn. */
function wavering(): MockScript {
  let asked = 0;
  return (request) => {
    if (request.turn === 0) asked += 1;
    return (asked % 2 === 0 ? right : wrong)(request);
  };
}

async function baseline(scripts: readonly MockScript[], grader?: string): Promise<SmallJob> {
  const model = await world.model(byItem(scripts));
  const job = await world.job({ baseURL: model.baseURL, items: scripts.length, samples: 4, parallelism: 1 });
  if (grader !== undefined) await job.edit((text) => text.replace(/grader: .*/u, `grader: ${grader}`));
  expect(await job.run()).toMatchObject({ code: 0 });
  return job;
}

function preflight(job: SmallJob, ...flags: readonly string[]): Promise<CliEnd> {
  return startCli(["preflight", job.out, ...flags], { TMPDIR: job.temporary }).ended;
}

interface Judged {
  readonly verdict: string;
  readonly findings: readonly { readonly check: string; readonly level: string; readonly reason: string }[];
}

function judged({ stdout }: CliEnd): Judged {
  return JSON.parse(stdout) as Judged;
}

describe("rollyard preflight", () => {
  it("tries a grader that asks for agents' files on the workdir as agents find it", async () => {
    const commands = [writing(HONEST), writing(HONEST)];
    const job = await commandJob(world, { commands, samples: 2 });
    expect(await job.run()).toMatchObject({ code: 0 });
    const end = await preflight(job, "--json", "--trajectories", "2", "--items", "1");
    const levels = judged(end).findings.map(({ check, level }) => `${check} ${level}`);
    expect(levels).toEqual(
      expect.arrayContaining(["agents' files good", "determinism good", "worthless answers good"]),
    );
    expect(levels.filter((level) => level.endsWith("unknown"))).toEqual([]);
  });

  it("finds a task fit whose items are now right and now wrong, with a grader that can't be fooled", async () => {
    const job = await baseline([wavering(), wavering(), right]);
    const end = await preflight(job, "--json");
    expect(end.code).toBe(0);
    expect(judged(end).findings.map(({ check, level }) => `${check} ${level}`)).toEqual([
      "graded good",
      "variance good",
      "difficulty good",
      "headroom good",
      "tool calls good",
      "determinism good",
      "worthless answers good",
    ]);
    expect(judged(end).verdict).toBe("fit");
    expect(await preflight(job)).toMatchObject({ code: 0, stdout: expect.stringContaining("Fit: ") });
  });

  it("finds a task unfit where nothing varies and every answer passes, and says why", async () => {
    const generous =
      '{type: string_check, name: any, operation: ne, input: "{{ sample.output_text }}", reference: "-"}';
    const job = await baseline([right, wrong], generous);
    const end = await preflight(job, "--json");
    expect(end.code).toBe(1);
    const bad = judged(end).findings.filter(({ level }) => level === "bad");
    expect(new Set(bad.map(({ check }) => check))).toEqual(
      new Set(["variance", "difficulty", "headroom", "worthless answers"]),
    );
    expect(bad.some(({ reason }) => reason === 'The answer "empty" passes for 2 of 2 items.')).toBe(true);
  });

  it("sees a grader that changes its mind", async () => {
    const job = await baseline([wavering(), wavering()]);
    const file = path.join(job.folder, "random.yaml");
    const source =
      "import random\\ndef grade(sample, item):\\n  return random.random() * (sample['output_text'] == 'done')\\n";
    await writeFile(file, `{type: python, name: dice, source: "${source}"}`);
    const end = await preflight(job, "-f", file, "--json");
    expect(judged(end).findings.find(({ check }) => check === "determinism")?.level).toMatch(/bad|doubt/u);
    expect(judged(end).verdict).not.toBe("fit");
  });
});
