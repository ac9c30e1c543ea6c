import { Option } from "commander";
import type { Command } from "commander";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { baselineFacts } from "../../../src/preflight/baseline-facts.ts";
import { decidePreflight } from "../../../src/preflight/decide-preflight.ts";
import { preflightText } from "../../../src/preflight/preflight-text.ts";
import { SANDBOX_CHOICES } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import { readRunEnd } from "../../../src/trajectory/run-end.ts";
import { runsToRead } from "../../../src/trajectory/run-family.ts";
import type { RunFamily } from "../../../src/trajectory/run-family.ts";
import { readJoinedStatistics } from "../../../src/trajectory/run-files.ts";
import type { CliIo } from "../cli-io.ts";
import { addGatewayOptions } from "../cluster/cluster-flags.ts";
import type { ClusterFlags } from "../cluster/cluster-flags.ts";
import { collected } from "../collected.ts";
import { folderOfJob } from "../grading/job-folder.ts";
import { graderOf, loadGrader } from "../grading/load-grader.ts";
import { runSurroundings } from "../grading/surroundings.ts";
import type { GraderSurroundings } from "../grading/load-grader.ts";
import { probeGrader } from "../preflight/probes.ts";
import { interruptOnSignals } from "../run/interrupt.ts";
import { wholeNumber } from "../whole-number.ts";
import { WHICH_RUNS } from "../which-runs.ts";

interface PreflightFlags extends ClusterFlags {
  readonly file?: string;
  readonly secret: readonly string[];
  readonly trajectories: number;
  readonly items: number;
  readonly waitSeconds: number;
  readonly sandbox: SandboxChoice;
  readonly out: string;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard preflight runs/latest
  rollyard preflight runs/latest --json
  rollyard preflight repo-search -f environment.yaml --out results

Reads a finished baseline, several samples of each item, and says whether the task is fit for reinforcement fine-tuning: items that
are always 0 or always pass, useful variance, what the best of k samples reaches, reward against tool calls; whether the grader gives the
same trajectory the same reward twice, and what it gives to five answers that deserve nothing. The grader is the run's own, or that of -f.

${WHICH_RUNS}
Exit codes: 0 fit or doubtful; 1 unfit; 2 bad input; 130 interrupted.
`;

/** Adds `rollyard preflight`: whether a task is fit for reinforcement fine-tuning, by a finished baseline. */
export function registerPreflight(program: Command, io: CliIo): void {
  const command = program
    .command("preflight")
    .description("say by a finished baseline whether a task is fit for reinforcement fine-tuning, and why")
    .argument("<job>", "a run folder, the folder around a job and its retries, or a RolloutJob of a cluster")
    .option("-f, --file <file>", "the Environment, or a grader alone; default that of the run")
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .option("--trajectories <n>", "stored rollouts that are graded twice", wholeNumber(1), 20)
    .option("--items <n>", "items whose worthless answers are graded", wholeNumber(1), 5)
    .option("--wait-seconds <n>", "longest that a grading waits for what is down", wholeNumber(0), 60)
    .option("--out <dir>", "folder for the results of a RolloutJob", "results")
    .addOption(
      new Option("--sandbox <kind>", "what isolates python graders").choices(SANDBOX_CHOICES).default("auto"),
    )
    .option("--json", "print verdict, findings and figures as one JSON object", false);
  addGatewayOptions(command)
    .addHelpText("after", EXAMPLE)
    .action(async (given: string, flags: PreflightFlags) => {
      const family = await runsToRead(await folderOfJob(given, flags, io));
      io.setExitCode(await preflight(family, flags, io));
    });
}

async function preflight(family: RunFamily, flags: PreflightFlags, io: CliIo): Promise<number> {
  const surroundings = await runSurroundings(family.base.folder);
  await requireEnded(family, surroundings);
  const { rollouts } = await readJoinedStatistics(family);
  const input = await graderInput(flags, surroundings, io);
  const interrupted = interruptOnSignals(io, "nothing was judged");
  const { signal } = interrupted;
  const options = { sandbox: flags.sandbox, signal, mostWaitMs: flags.waitSeconds * 1000 };
  const sizes = { trajectories: flags.trajectories, items: flags.items };
  try {
    const probes = await probeGrader(family, input, { sizes, options, io });
    const hasTools =
      input === null ? rollouts.some((each) => each.tool_calls > 0) : input.environment.spec.tools.length > 0;
    const facts = { ...baselineFacts(rollouts, hasTools), ...probes };
    const verdict = decidePreflight(facts);
    io.stdout(
      flags.json ? `${jsonText({ job: family.base.job, ...verdict, facts }, 2)}\n` : preflightText(verdict),
    );
    return verdict.verdict === "unfit" ? 1 : 0;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    interrupted.stop();
  }
}

/** A run on this machine tells by its notes; of a cluster's the results alone are here. */
async function requireEnded({ base }: RunFamily, surroundings: GraderSurroundings | null): Promise<void> {
  if (surroundings === null || (await readRunEnd(base.folder)) !== null) return;
  throw new RollyardError("run_folder_conflict", {
    message: `The run ${base.job} has not ended: a verdict needs the whole baseline. Resume it first.`,
  });
}

async function graderInput(
  flags: PreflightFlags,
  surroundings: GraderSurroundings | null,
  io: CliIo,
): Promise<EnvironmentInput | null> {
  const options = { secretFlags: flags.secret, surroundings };
  if (flags.file !== undefined) return loadGrader(flags.file, options, io);
  return surroundings === null ? null : graderOf(surroundings, options, io);
}
