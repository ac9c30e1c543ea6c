import { describe, expect, it } from "vitest";
import { commandJob, GRADE_PY, HONEST, writing } from "../../support/grader/command-job.ts";
import { HOSTILE_AGENTS, LOOK_AROUND } from "../../support/grader/hostile-agents.ts";
import type { HostileAgent } from "../../support/grader/hostile-agents.ts";
import { runWorld } from "../../support/run/run-world.ts";

const world = runWorld();

/** Whoever keeps what agents wrote comes to an end in it, and with it the run. */
const SMALL_HEAP = "--max-old-space-size=128";

const outcomeOf = ({ title, reward, flags, code }: HostileAgent) => ({
  title,
  reward,
  outcome: reward === null ? "failed" : "graded",
  ...(code === undefined ? {} : { failure_class: "grader", failure_code: code }),
  ...(flags === undefined ? {} : { flags: expect.arrayContaining([...flags]) }),
});

/** All agents in one run, with an honest one before and after. */
async function outcomesOf(agents: readonly HostileAgent[], sandbox: string) {
  const honest = writing(HONEST);
  const commands = [honest, ...agents.map(({ command }) => command), honest];
  const job = await commandJob(world, { commands });
  await job.edit((text) => text.replace("limits: {", "limits: {gradeSeconds: 20, "));
  const end = await job.run(["--sandbox", sandbox], { NODE_OPTIONS: SMALL_HEAP });
  const records = await job.records("results.jsonl");
  const ofItem = (index: number) => records.find((record) => record["item_index"] === index);
  return {
    end,
    honest: [ofItem(0), ofItem(agents.length + 1)],
    hostile: agents.map(({ title }, index) => ({ ...ofItem(index + 1), title })),
  };
}

describe("hostile agents", () => {
  it("get what their work earns and no more, and stop nobody's grading", async () => {
    const { honest, hostile } = await outcomesOf(HOSTILE_AGENTS, "auto");
    expect(hostile).toMatchObject(HOSTILE_AGENTS.map(outcomeOf));
    expect(honest).toMatchObject([{ reward: 1 }, { reward: 1 }]);
  });

  it("get no more where sandboxes isolate nothing", async () => {
    const agents = HOSTILE_AGENTS.filter(({ needsIsolation = false }) => !needsIsolation);
    const { honest, hostile } = await outcomesOf(agents, "process");
    expect(hostile).toMatchObject(agents.map(outcomeOf));
    expect(honest).toMatchObject([{ reward: 1 }, { reward: 1 }]);
  });

  it("find what an author leaves where they can read it, so that the above is no luck", async () => {
    const careless = GRADE_PY.replace("Grading()", 'Grading(keep=["cases.json"])');
    const job = await commandJob(world, {
      commands: [writing({ "solution.py": LOOK_AROUND })],
      assets: { "grade.py": careless, "cases.json": "[[2, 3, 5], [-1, 1, 0], [40, 2, 42]]" },
    });
    await job.run();
    expect(await job.records("results.jsonl")).toMatchObject([
      { reward: 0.75, flags: ["agent_files_absent"] },
    ]);
  });
});
