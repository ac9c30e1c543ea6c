import { describe, expect, it } from "vitest";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { toolTurns } from "../../support/model/mock-scripts.ts";
import { processesOf } from "../../support/run/leftovers.ts";
import { byItem, runWorld, shellThen } from "../../support/run/run-world.ts";

const world = runWorld();

/** The same command in two turns: the second finds what the first left. */
function twice(command: string): MockScript {
  const calls = [{ name: "shell", arguments: JSON.stringify({ command }) }];
  return toolTurns({ turns: 2, calls, answer: "done" });
}

/** What an agent runs, how its rollout ends, and what the model is shown of it. */
const COMMANDS: readonly (readonly [string, MockScript, object, readonly RegExp[]])[] = [
  [
    "writes a gigabyte",
    shellThen("head -c 1000000000 /dev/zero | tr '\\0' x"),
    { reward: 1 },
    [/x{1000}/u, /\[truncated \d{8,} bytes\]/u],
  ],
  [
    "ignores SIGTERM",
    shellThen("trap '' TERM; echo here; sleep 60"),
    { reward: 1 },
    [/here/u, /\[timed out after 3 s\]/u],
  ],
  ["exits with noise", shellThen("head -c 300 /dev/urandom; exit 7"), { reward: 1 }, [/\[exit code 7\]/u]],
  [
    "forks for ever",
    shellThen("while :; do sleep 60 & done"),
    { reward: 1 },
    [/Cannot fork|fork: |\[timed out after 3 s\]/u],
  ],
  ["leaves processes", shellThen("setsid sleep 60 > /dev/null 2>&1 & echo left"), { reward: 1 }, [/left/u]],
  [
    "kills all that it can",
    twice("kill -9 -1; kill -9 1; echo alive"),
    { reward: 1, stop_reason: "answered" },
    [/alive/u],
  ],
  [
    "ends sandboxd",
    twice("kill -TERM 1; sleep 5"),
    { outcome: "graded", reward: 0, stop_reason: "sandbox_killed" },
    [/kill -TERM/u],
  ],
  ["does its work beside them", shellThen("cat a.txt"), { reward: 1 }, [/one\\ntwo/u]],
];

describe("tools that misbehave", () => {
  it("are capped, ended and shown to the model as such, and each rollout is graded", async () => {
    const model = await world.model(byItem(COMMANDS.map(([, script]) => script)));
    const count = COMMANDS.length;
    const job = await world.job({ baseURL: model.baseURL, items: count, samples: 1, parallelism: count });
    expect(await job.run()).toMatchObject({ code: 0 });
    const results = await job.records("results.jsonl");
    for (const [index, [name, , expected, shown]] of COMMANDS.entries()) {
      const result = results.find(({ item_index }) => item_index === index);
      expect({ name, ...result }).toMatchObject({ name, outcome: "graded", attempt: 0, ...expected });
      for (const text of shown) expect(`${name}: ${await job.shown(index)}`).toMatch(text);
    }
  });

  it("can't escape a bad grade by killing a sandboxd that they reach", async () => {
    const model = await world.model(twice("kill -9 $PPID; sleep 5"));
    const job = await world.job({ baseURL: model.baseURL, items: 1, job: "  queueName: team" });
    const end = await job.run(["--sandbox", "process"]);
    expect(end).toMatchObject({ code: 0, stderr: expect.stringContaining("note: There is no isolation") });
    expect(end.stderr).toContain("note: No effect on this machine: spec.queueName.\n");
    const ends = (await job.records("results.jsonl")).map(({ stop_reason, reward }) => [stop_reason, reward]);
    expect(ends).toEqual([
      ["sandbox_killed", 0],
      ["sandbox_killed", 0],
    ]);
  });

  it("end with the command, also one that is killed in the middle of them", async () => {
    const model = await world.model(shellThen("setsid sleep 61 & sleep 62"));
    const job = await world.job({ baseURL: model.baseURL, environment: "  recovery: {mode: restart}" });
    const running = job.start();
    const agents = async (): Promise<number> =>
      (await processesOf(job)).filter(({ name }) => name === "sleep").length;
    await expect.poll(agents, { timeout: 20_000 }).toBeGreaterThan(2);
    running.kill("SIGKILL");
    // What is left is looked for after every test.
    await expect.poll(agents, { timeout: 10_000 }).toBe(0);
  });
});
