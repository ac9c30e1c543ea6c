import { expect, it } from "vitest";
import { supervisorOf } from "../../support/run/supervisor-of.ts";
import { sandboxesOf } from "../../support/serve/sandboxes-of.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";

const world = serveWorld();

const GRADER =
  "{type: command, name: tests, argv: [python3, -I, -B, grade.py], files: [{from: answer.txt, to: answer.txt}], assets: {path: tests}, expect: {tests: [answer]}}";
const GRADE_PY = `import sys
sys.path.insert(0, ".rollyard")
from rollyard_grade import Grading
grading = Grading()
try:
    with open("answer.txt") as answer:
        text = answer.read()
except OSError:
    text = ""
grading.check("answer", text == "2\\n")
grading.finish()
`;

it("traces are graded by the files that they left, those without a call by a fresh sandbox, and all sandboxes are freed", async () => {
  const served = await world.serve({ grader: GRADER, files: { "tests/grade.py": GRADE_PY } });
  const { trainer } = served;
  const write = (trace: string, text: string) =>
    trainer.call({ trace, call: "call_1", command: `echo ${text} > answer.txt` });
  expect(await write("trace_right", "2")).toMatchObject({ status: 200 });
  expect(await write("trace_wrong", "3")).toMatchObject({ status: 200 });
  const traces = ["trace_right", "trace_wrong", "trace_without_calls"];
  const scores = await Promise.all(traces.map((trace) => trainer.grade(trace)));
  expect(scores.map(({ status, body }) => [status, body["score"]])).toEqual([
    [200, 1],
    [200, 0],
    [200, 0],
  ]);
  await expect.poll(() => sandboxesOf(served), { timeout: 20_000 }).toEqual([]);
  // There is no score for a rollout whose files are gone, however often it is asked for.
  const failed = { status: 500, body: { error: { code: "trace_failed" } } };
  expect(await write("trace_lost", "2")).toMatchObject({ status: 200 });
  process.kill(supervisorOf(served), "SIGKILL");
  expect(await trainer.grade("trace_lost")).toMatchObject(failed);
  expect(await trainer.grade("trace_lost")).toMatchObject(failed);
  await served.stop();
  const results = await served.lines("results.jsonl");
  const flagsOf = (trace: string): unknown => results.find(({ trace_id: id }) => id === trace)?.["flags"];
  expect(traces.map(flagsOf)).toEqual([[], [], ["agent_files_absent"]]);
  expect(results.filter(({ outcome }) => outcome === "failed")).toMatchObject([
    { trace_id: "trace_lost", failure_class: "sandbox", reward: null },
  ]);
});
