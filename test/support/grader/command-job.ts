import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { MockScript } from "../model/mock-reply.ts";
import { byItem, shellThen } from "../run/run-world.ts";
import type { RunWorld } from "../run/run-world.ts";
import type { SmallJob } from "../run/small-job.ts";

/** The author's side of a task that asks for `solution.py` with `add(a, b)`, and `shout.py`, a program. */
export const GRADE_PY = `
import json, sys
sys.path.insert(0, ".rollyard")
from rollyard_grade import Grading

grading = Grading()
for number, (a, b, wanted) in enumerate(json.loads(grading.assets["cases.json"])):
    grading.expect(f"add-{number}", grading.call("solution.py", "add", a, b, seconds=1), wanted)
shouted = grading.run(["python3", "-I", "shout.py"], stdin=b"quietly", seconds=2)
grading.check("shout", shouted.stdout == b"QUIETLY" and shouted.exit_code == 0)
grading.finish()
`;

/** Sums that the author knows. */
export const CASES = [
  [2, 3, 5],
  [-1, 1, 0],
  [40, 2, 42],
];

const GRADER = `grader:
    type: command
    name: tests
    argv: [python3, -I, -B, grade.py]
    files: [{from: solution.py, to: solution.py}, {from: shout.py, to: shout.py}]
    assets: {path: tests}
    expect: {tests: [add-0, add-1, add-2, shout]}
`;

/** What an honest agent writes. */
export const HONEST: Readonly<Record<string, string>> = {
  "solution.py": "def add(a, b):\n    return a + b\n",
  "shout.py": "import sys\nprint(sys.stdin.read().upper(), end='')\n",
};

/** A shell command that writes files. */
export function writing(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([name, text]) => `printf %s ${Buffer.from(text).toString("base64")} | base64 -d > ${name}`)
    .join("; ");
}

/** What of a command job differs. */
export interface CommandJobOptions {
  /** What the agent of each item runs in its shell, before it answers. */
  readonly commands?: readonly string[];
  /** What the model says for each item, in place of `commands`. */
  readonly scripts?: readonly MockScript[];
  readonly samples?: number;
  /** The grader in YAML; without its own it is that of {@link GRADE_PY}. */
  readonly grader?: string;
  readonly assets?: Readonly<Record<string, string>>;
  /** Files of the author's that the agent has, too. */
  readonly given?: Readonly<Record<string, string>>;
}

/** A job whose agents run shell commands, and whose grader runs tests over what that left. */
export async function commandJob(world: RunWorld, options: CommandJobOptions): Promise<SmallJob> {
  const { commands = [], samples = 1, grader = GRADER, given = {} } = options;
  const scripts = options.scripts ?? commands.map((command) => shellThen(command));
  const assets = options.assets ?? { "grade.py": GRADE_PY, "cases.json": JSON.stringify(CASES) };
  const model = await world.model(byItem(scripts));
  const job = await world.job({ baseURL: model.baseURL, items: scripts.length, samples });
  await mkdir(path.join(job.folder, "tests"));
  for (const [name, text] of Object.entries(assets)) {
    await writeFile(path.join(job.folder, "tests", name), text);
  }
  for (const [name, text] of Object.entries(given)) {
    await writeFile(path.join(job.folder, "corpus", name), text);
  }
  await job.edit((text) => text.replace(/grader: .*/u, () => grader.trimEnd()));
  return job;
}
