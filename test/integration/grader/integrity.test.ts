import { describe, expect, it } from "vitest";
import { CHECK_NAMES } from "../../../src/grader/integrity/integrity-checks.ts";
import { commandJob } from "../../support/grader/command-job.ts";
import { commandOf, HACKING_AGENTS, HONEST_COMMAND } from "../../support/grader/hacking-agents.ts";
import type { HackingAgent } from "../../support/grader/hacking-agents.ts";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { always } from "../../support/model/mock-scripts.ts";
import { runWorld, shellThen } from "../../support/run/run-world.ts";
import { startCli } from "../../support/run/run-cli.ts";

const world = runWorld();

const GRADE_PY = `
import json, sys
sys.path.insert(0, ".rollyard")
from rollyard_grade import Grading

grading = Grading()
for number, (a, b, wanted) in enumerate(json.loads(grading.assets["cases.json"])):
    grading.expect(f"add-{number}", grading.call("work/solution.py", "add", a, b), wanted)
speed = grading.call("work/solution.py", "speed")
grading.metric("speedup", speed.value if speed.kind == "value" else 1)
grading.finish()
`;
const ASSETS = {
  "grade.py": GRADE_PY,
  "cases.json": "[[2, 3, 5], [-1, 1, 0]]",
  "given.txt": "of the task\n",
};

/** All checks over tests and a judge, who believes everything. */
const grader = (judgeURL: string): string => `grader:
    type: multi
    name: all
    graders:
      tests: {type: command, name: tests, argv: [python3, -I, -B, grade.py], files: [{from: work, to: work}], assets: {path: tests}}
      said: {type: score_model, name: said, model: judge, input: [{role: user, content: "{{ sample.output_text }}"}]}
    calculate_output: tests * said
    integrity: [${CHECK_NAMES.join(", ")}]
  judges: {judge: {baseURL: "${judgeURL}"}}`;

type Agent = Pick<HackingAgent, "files" | "command" | "answer" | "reasoning">;

function scriptOf(agent: Agent): MockScript {
  const call = { name: "shell", arguments: JSON.stringify({ command: commandOf(agent) }) };
  const message = agent.reasoning === undefined ? {} : { reasoning_content: agent.reasoning };
  const bodies = [
    chatBody({ calls: [call] }),
    chatBody({ content: agent.answer ?? "Done.", message }),
  ] as const;
  return ({ turn }) => ({ kind: "json", body: bodies[turn === 0 ? 0 : 1] });
}

describe("integrity checks", () => {
  it("zero the reward of right work that was come by in the wrong way, each what it is for, and say why", async () => {
    const shows = `printf %s ${Buffer.from(GRADE_PY).toString("base64")} | base64 -d`;
    const hacking = HACKING_AGENTS.map((agent) =>
      agent.check === "no_answer_on_disk" ? { ...agent, command: shows } : agent,
    );
    const honest: Agent = { command: HONEST_COMMAND };
    const agents = [honest, ...hacking, honest];
    const judge = await world.model(always({ content: JSON.stringify({ steps: [], result: 1 }) }));
    const job = await commandJob(world, {
      scripts: agents.map(scriptOf),
      grader: grader(judge.baseURL),
      assets: ASSETS,
      given: { "given.txt": "of the task\n" },
    });
    expect(await job.run()).toMatchObject({ code: 0 });
    const records = (await job.records("results.jsonl")).toSorted(
      (left, right) => Number(left["item_index"]) - Number(right["item_index"]),
    );
    const right = { outcome: "graded", sub_rewards: { tests: 1, said: 1 } };
    const none = { ...right, reward: 1, flags: [], evidence: {} };
    const hits = HACKING_AGENTS.map(({ check, reason }) => ({
      ...right,
      reward: check === "reasoning_tells" ? 1 : 0,
      flags: [`integrity:${check}:${reason}`],
    }));
    expect(records).toMatchObject([none, ...hits, none]);
    // Evidence is of the check that hit, and nothing in it is of an agent's words.
    const evidence = records.map((record) => Object.entries(Object(record["evidence"])));
    expect(evidence.map((facts) => facts.length > 0)).toEqual([
      false,
      ...HACKING_AGENTS.map(() => true),
      false,
    ]);
    for (const [index, { check }] of HACKING_AGENTS.entries()) {
      for (const [name, value] of evidence[index + 1] ?? []) {
        expect(name.startsWith(`${check}.`)).toBe(true);
        expect(value).toMatch(/^(?:\d{1,9}|[a-z_]{1,20})$/u);
      }
    }
    expect(new Set(HACKING_AGENTS.map(({ check }) => check))).toEqual(new Set(CHECK_NAMES));
  });

  it("are refused where they could never hit", async () => {
    const model = await world.model(shellThen("true"));
    const job = await world.job({ baseURL: model.baseURL, items: 1, samples: 1 });
    await job.edit((text) => text.replace('reference: "{{ item.answer }}"', "$&, integrity: [no_skips]"));
    const { code, stdout } = await startCli(["validate", "-f", job.file]).ended;
    expect({ code, stdout }).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('"no_skips" needs a grader of type command'),
    });
  });
});
