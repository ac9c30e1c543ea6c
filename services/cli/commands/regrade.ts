import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { needsAgentFiles } from "../../../src/grader/needs-agent-files.ts";
import { dnsLabelSchema } from "../../../src/lib/schema/names.ts";
import { changeText } from "../../../src/regrade/change-text.ts";
import { SELECTIONS } from "../../../src/regrade/selection.ts";
import { SANDBOX_CHOICES } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { countText } from "../../../src/trajectory/number-text.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import type { CliIo } from "../cli-io.ts";
import { addGatewayOptions } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { collected } from "../collected.ts";
import { folderOfJob } from "../grading/job-folder.ts";
import { loadGrader } from "../grading/load-grader.ts";
import { openGrading } from "../grading/open-grading.ts";
import { seriesGrader, seriesName } from "../grading/series-grader.ts";
import { runSurroundings } from "../grading/surroundings.ts";
import { regradeFolder } from "../regrade/regrade-folder.ts";
import type { FolderRegraded } from "../regrade/regrade-folder.ts";
import { interruptOnSignals } from "../run/interrupt.ts";
import { wholeNumber } from "../whole-number.ts";
import { WHICH_RUNS } from "../which-runs.ts";

interface RegradeFlags extends ClusterFlags {
  readonly grader: string;
  readonly only: readonly string[];
  readonly series?: string;
  readonly secret: readonly string[];
  readonly parallelism: number;
  readonly sandbox: SandboxChoice;
  readonly out: string;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard regrade runs/latest --grader new.yaml
  rollyard regrade runs/latest --grader new.yaml --only failed --json
  rollyard regrade repo-search --grader new.yaml --out results

Grades the stored trajectories with another grader, on this machine, into DIR/<job>/regrades/<series>.jsonl; the rewards of
the run stay as they are. The file of --grader is an Environment, or a grader alone: then judges, response format and the
rest are those of the run. The same command again goes on where it was interrupted, and tries what the grader failed.
A RolloutJob's results are written into --out first, as rollyard results does.

A rollout whose agent failed has nothing to grade and keeps its failure. A grader that asks for files of the agent's sandbox
can't grade again: its rollouts get no reward, with code sandbox_files_gone.

${WHICH_RUNS}
Exit codes: 0 every rollout that stopped has a reward; 1 some have none; 2 bad input; 130 interrupted.
`;

/** Adds `rollyard regrade`: grades stored rollouts with another grader and tells what changes. */
export function registerRegrade(program: Command, io: CliIo): void {
  const command = program
    .command("regrade")
    .description(
      "grade stored rollouts with another grader, into a series of their own, and tell what changes",
    )
    .argument("<job>", "a run folder, the folder around a job and its retries, or a RolloutJob of a cluster")
    .requiredOption("--grader <file>", "YAML or JSON file: an Environment, or a grader alone")
    .option(
      "--only <which>",
      `only rollouts that ended so: ${SELECTIONS.join(", ")}; may be repeated`,
      (value: string, before: readonly string[]) => [...before, knownSelection(value)],
      [],
    )
    .option("--series <name>", "name of the series; default the grader's name and fingerprint", seriesLabel)
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .option("--parallelism <n>", "gradings at once", wholeNumber(1), 16)
    .option("--out <dir>", "folder for the results of a RolloutJob", "results")
    .addOption(
      new Option("--sandbox <kind>", "what isolates python graders").choices(SANDBOX_CHOICES).default("auto"),
    )
    .option("--json", "print the change as one JSON object", false);
  addGatewayOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (given: string, flags: RegradeFlags) => {
      const folder = await folderOfJob(given, flags, io);
      io.setExitCode(await regradeIn(folder, flags, io));
    });
}

async function regradeIn(given: string, flags: RegradeFlags, io: CliIo): Promise<number> {
  const family = await runsToRead(given);
  const surroundings = await runSurroundings(family.base.folder);
  const input = await loadGrader(flags.grader, { secretFlags: flags.secret, surroundings }, io);
  const { spec } = input.environment;
  const grader = await seriesGrader(input);
  const series = flags.series ?? seriesName(grader);
  const interrupted = interruptOnSignals(io, "the same command goes on from here");
  const { signal } = interrupted;
  const waits = new WaitTeller(io);
  const options = { sandbox: flags.sandbox, signal, mostWaitMs: Infinity, onWait: waits.onWait };
  const grading = await openGrading(input, options, io);
  try {
    const done = await regradeFolder({
      family,
      grader,
      only: flags.only,
      setup: {
        series,
        hasResponseFormat: spec.responseFormat !== undefined,
        needsAgentFiles: needsAgentFiles(spec.grader),
        width: flags.parallelism,
        grade: (graded) => grading.grade(graded),
        signal,
      },
      onProgress: (written) => {
        if (written % PROGRESS_EACH === 0) io.stderr(`${countText(written, "rollout")} graded\n`);
      },
    });
    tell(done, { job: family.base.job, series, grader, isInterrupted: signal.aborted }, { flags, io });
    return signal.aborted ? 130 : done.ungraded === 0 ? 0 : 1;
  } finally {
    interrupted.stop();
    await grading.close();
  }
}

const PROGRESS_EACH = 1000;

function tell(
  { change, ungraded, files }: FolderRegraded,
  about: {
    readonly job: string;
    readonly series: string;
    readonly grader: object;
    readonly isInterrupted: boolean;
  },
  { flags, io }: { readonly flags: RegradeFlags; readonly io: CliIo },
): void {
  const { job, series, grader, isInterrupted } = about;
  const facts = { job, series, grader, interrupted: isInterrupted, files, ungraded, ...change };
  io.stdout(flags.json ? `${jsonText(facts, 2)}\n` : changeText(change));
  for (const file of files) io.stderr(`series ${series}: ${file}\n`);
  if (isInterrupted) io.stderr("interrupted; the same command goes on from here\n");
}

/** Tells once of each thing that is waited for. */
class WaitTeller {
  readonly #told = new Set<string>();
  readonly #io: CliIo;

  constructor(io: CliIo) {
    this.#io = io;
  }

  readonly onWait = ({ graderType, code }: { readonly graderType: string; readonly code: string }): void => {
    const kind = `${graderType} ${code}`;
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#io.stderr(`note: a ${graderType} grader is tried again (${code}); what is down is waited for\n`);
  };
}

function knownSelection(text: string): string {
  if (SELECTIONS.includes(text)) return text;
  throw new InvalidArgumentError(`must be one of ${SELECTIONS.join(", ")}.`);
}

function seriesLabel(text: string): string {
  if (dnsLabelSchema.safeParse(text).success) return text;
  throw new RollyardError("bad_input", {
    message: "--series takes lower-case letters, digits and dashes, at most 52 of them.",
  });
}
