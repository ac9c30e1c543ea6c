import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { processesOf } from "../../support/run/leftovers.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";
import { runWorld } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { supervisorOf } from "../../support/run/supervisor-of.ts";

const world = runWorld();
const WITHIN = { timeout: 20_000, interval: 20 };

/** A turn for each list of commands, its calls in parallel, then the right answer. */
function commandTurns(turns: readonly (readonly string[])[]): MockScript {
  const asked = turns.map((commands) =>
    chatBody({
      calls: commands.map((command, index) => ({
        id: `call_${index}`,
        name: "shell",
        arguments: JSON.stringify({ command }),
      })),
    }),
  );
  const answer = chatBody({ content: "done" });
  return ({ turn }) => ({ kind: "json", body: asked[turn] ?? answer });
}

/** Something to find in a later turn, something that never is the same twice, and a turn to die in. */
const WRITE = "echo one >> notes; cat notes";
const NOISE = "date +at-%s-%N";
const LAST = "echo two >> notes; [ -e quick ] || sleep 20; cat notes";
const TURNS = [[WRITE, "exit 7"], [LAST]];

/** One rollout whose sandbox may die: its model, and its job with this `recovery`. */
async function fragile(
  recovery: string,
  turns: readonly (readonly string[])[] = TURNS,
): Promise<{ model: MockModel; job: SmallJob }> {
  const model = await world.model(commandTurns(turns));
  const environment = `  recovery: ${recovery}`;
  const job = await world.job({ baseURL: model.baseURL, items: 1, samples: 1, environment });
  // What runs when its sandbox dies must not be ended by its limit first.
  await job.edit((text) => text.replace("toolSeconds: 3", "toolSeconds: 30"));
  return { model, job };
}

/** Kills the node of the job's sandboxes while a command sleeps in one of them; resolves with the sleeper's pid. */
async function loseNode(job: SmallJob, notThis = 0): Promise<number> {
  const sleeper = await untilItSleeps(job, notThis);
  process.kill(supervisorOf(job), "SIGKILL");
  return sleeper;
}

/** The same, and in the sandboxes after it no command sleeps. */
async function loseLastNode(job: SmallJob, notThis = 0): Promise<void> {
  await untilItSleeps(job, notThis);
  await sleepNoMore(job);
  process.kill(supervisorOf(job), "SIGKILL");
}

/** A sandbox has a copy of the folder as it is when it starts. */
function sleepNoMore(job: SmallJob): Promise<void> {
  return writeFile(path.join(job.folder, "corpus", "quick"), "");
}

async function untilItSleeps(job: SmallJob, notThis = 0): Promise<number> {
  const sleeper = async (): Promise<number> =>
    (await processesOf(job)).find(({ name, pid }) => name === "sleep" && pid !== notThis)?.pid ?? 0;
  await expect.poll(sleeper, WITHIN).toBeGreaterThan(0);
  return sleeper();
}

async function endOf(job: SmallJob, running: RunningCli): Promise<Record<string, unknown>> {
  expect(await running.ended).toMatchObject({ code: 0 });
  const results = await job.records("results.jsonl");
  expect(results).toHaveLength(1);
  return results[0] ?? {};
}

async function failedAttempts(job: SmallJob): Promise<readonly Record<string, unknown>[]> {
  return (await job.records("attempts.jsonl")).filter(({ outcome }) => outcome === "failed");
}

describe("a rollout whose node dies in the middle of a tool call", () => {
  it("goes on in a new sandbox with what its calls had left in the old, and no turn is sampled again", async () => {
    const { model, job } = await fragile("{mode: replay}");
    const running = job.start();
    await loseLastNode(job);
    expect(await endOf(job, running)).toMatchObject({
      outcome: "graded",
      reward: 1,
      attempt: 0,
      turns: 3,
      tool_calls: 3,
    });
    expect(model.requestCount).toBe(3);
    expect(await job.shown(0)).toContain(String.raw`one\ntwo\n`);
  });

  it("goes on when the new sandbox dies as well", async () => {
    const { model, job } = await fragile("{mode: replay}");
    const running = job.start();
    await loseLastNode(job, await loseNode(job));
    expect(await endOf(job, running)).toMatchObject({ outcome: "graded", reward: 1, attempt: 0 });
    expect(model.requestCount).toBe(3);
  });

  it("begins again when a call has another output, and says which", async () => {
    const { model, job } = await fragile("{mode: replay}", [[WRITE, NOISE], [LAST]]);
    const running = job.start();
    await loseLastNode(job);
    expect(await endOf(job, running)).toMatchObject({ outcome: "graded", reward: 1, attempt: 1 });
    expect(model.requestCount).toBe(2 + 3);
    expect(await failedAttempts(job)).toMatchObject([
      {
        attempt: 0,
        failure_class: "sandbox",
        failure_code: "replay_diverged",
        evidence: { turn: "0", index: "1", tool: "shell", outputs: "different" },
      },
    ]);
  });

  it("goes on when all that differs is declared as volatile", async () => {
    const { model, job } = await fragile("{mode: replay, ignore: ['^at-[0-9]+-[0-9]+$']}", [
      [WRITE, NOISE],
      [LAST],
    ]);
    const running = job.start();
    await loseLastNode(job);
    expect(await endOf(job, running)).toMatchObject({ outcome: "graded", reward: 1, attempt: 0 });
    expect(model.requestCount).toBe(3);
  });

  it("begins again where recovery is restart", async () => {
    const { model, job } = await fragile("{mode: restart}");
    const running = job.start();
    await loseLastNode(job);
    expect(await endOf(job, running)).toMatchObject({ outcome: "graded", reward: 1, attempt: 1 });
    expect(model.requestCount).toBe(2 + 3);
    expect(await failedAttempts(job)).toMatchObject([{ attempt: 0, failure_code: "sandbox_lost" }]);
  });

  it("ends as the agent's own doing where it was, and nothing is run again", async () => {
    const { model, job } = await fragile("{mode: replay}", [[WRITE], ["kill -TERM 1; sleep 5"]]);
    const result = await endOf(job, job.start());
    expect(result).toMatchObject({ outcome: "graded", reward: 0, stop_reason: "sandbox_killed", attempt: 0 });
    expect(model.requestCount).toBe(2);
  });
});

describe("a run that is killed with its sandboxes and resumed", () => {
  it("samples no turn again when its environment replays", async () => {
    const { model, job } = await fragile("{mode: replay}");
    const running = job.start();
    await untilItSleeps(job);
    await sleepNoMore(job);
    running.kill("SIGKILL");
    await running.ended;
    expect(await endOf(job, job.start())).toMatchObject({
      outcome: "graded",
      reward: 1,
      attempt: 0,
      turns: 3,
    });
    expect(model.requestCount).toBe(3);
    expect(await job.shown(0)).toContain(String.raw`one\ntwo\n`);
  });
});
