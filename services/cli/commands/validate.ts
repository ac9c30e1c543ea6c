import type { Command } from "commander";
import { checkInput } from "../../../src/config/check-input.ts";
import type { CheckedInput } from "../../../src/config/check-input.ts";
import { graderNotes } from "../../../src/config/grader-notes.ts";
import { requirementsOf } from "../../../src/config/openai-runtime.ts";
import { formatProblem, problemAt } from "../../../src/config/problem.ts";
import type { Problem } from "../../../src/config/problem.ts";
import { usesPython } from "../../../src/config/uses-python.ts";
import { toRollyardError } from "../../../src/errors/rollyard-error.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { makeVenv } from "../run/grader-runtime.ts";

interface ValidateFlags {
  readonly file: readonly string[];
  readonly secret: readonly string[];
  readonly json: boolean;
}

const EXAMPLE = `
Example:
  rollyard validate -f environment.yaml -f job.yaml --secret openai/key=env:OPENAI_API_KEY
`;

/** Adds `rollyard validate`: checks files and every dataset row, and tells all problems. Exit code 0, or 2. */
export function registerValidate(program: Command, io: CliIo): void {
  program
    .command("validate")
    .description("check files and every dataset row; tell all problems with file, line and path")
    .requiredOption(
      "-f, --file <file...>",
      "YAML or JSON files with Environment, RolloutJob, Secret, ConfigMap",
    )
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .option("--json", "print one JSON object", false)
    .addHelpText("after", EXAMPLE)
    .action(async (flags: ValidateFlags) => {
      const files = await checkInput(flags.file, { cwd: io.cwd, env: io.env, secretFlags: flags.secret });
      const checked =
        files.problems.length > 0 ? files : { ...files, problems: await venvProblems(files, io) };
      io.stdout(flags.json ? asJson(checked) : asText(checked));
      if (checked.problems.length > 0) io.setExitCode(2);
    });
}

/** Makes the virtual environments of graders, as a run would; it is the only way to know that they can be made. */
async function venvProblems({ documents }: CheckedInput, io: CliIo): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const { source, value } of documents.environments) {
    const { graderRuntime, sandbox } = value.spec;
    if (graderRuntime?.venv === undefined || !usesPython(value)) continue;
    const place = { path: ["spec", "graderRuntime", "venv"] };
    if (sandbox.image !== undefined && sandbox.local === undefined) {
      const message =
        "is made of this machine's Python, which no container of sandbox.image sees; give image";
      problems.push(problemAt(source, { ...place, message }));
      continue;
    }
    try {
      await makeVenv(requirementsOf(graderRuntime.venv, source.folder), io);
    } catch (thrown) {
      problems.push(problemAt(source, { ...place, message: toRollyardError(thrown).message }));
    }
  }
  return problems;
}

interface Counts {
  readonly environments: number;
  readonly jobs: number;
  readonly items: number;
  readonly rollouts: number;
}

/** Rollouts are those of whole datasets; `spec.indexes` may choose fewer. */
function countsOf({ documents, datasets }: CheckedInput): Counts {
  const itemsOf = (job: string): number => datasets.get(job)?.items.length ?? 0;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
  const jobs = documents.jobs.map(({ value }) => value);
  return {
    environments: documents.environments.length,
    jobs: jobs.length,
    items: sum(jobs.map(({ metadata }) => itemsOf(metadata.name))),
    rollouts: sum(jobs.map(({ metadata, spec }) => itemsOf(metadata.name) * spec.samplesPerItem)),
  };
}

function notesOf({ documents }: CheckedInput): readonly string[] {
  return documents.environments.flatMap(({ value }) => graderNotes(value));
}

function asJson(checked: CheckedInput): string {
  const { problems } = checked;
  const said = { ok: problems.length === 0, ...countsOf(checked), problems, notes: notesOf(checked) };
  return `${JSON.stringify(said, null, 2)}\n`;
}

function asText(checked: CheckedInput): string {
  const { problems } = checked;
  if (problems.length > 0) {
    const last = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    return [...problems.map(formatProblem), last, ""].join("\n");
  }
  const { environments, jobs, items, rollouts } = countsOf(checked);
  const notes = notesOf(checked).map((note) => `note: ${note}`);
  const counts = `ok: environments ${environments}, jobs ${jobs}, items ${items}, rollouts ${rollouts}`;
  return [counts, ...notes, ""].join("\n");
}
