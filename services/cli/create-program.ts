import { Command } from "commander";
import { registerDoctor } from "./commands/doctor.ts";
import { registerCrds } from "./commands/crds.ts";
import { registerConformance } from "./commands/conformance.ts";
import { registerGrade } from "./commands/grade.ts";
import { registerList } from "./commands/list.ts";
import { registerPreflight } from "./commands/preflight.ts";
import { registerRegrade } from "./commands/regrade.ts";
import { registerReport } from "./commands/report.ts";
import { registerRetry } from "./commands/retry.ts";
import { registerRun } from "./commands/run.ts";
import { registerSandbox } from "./commands/sandbox.ts";
import { registerServe } from "./commands/serve.ts";
import { registerShow } from "./commands/show.ts";
import { registerTool } from "./commands/tool.ts";
import { registerTrainer } from "./commands/trainer.ts";
import { registerValidate } from "./commands/validate.ts";
import { registerCancel } from "./commands/cancel.ts";
import { registerGet } from "./commands/get.ts";
import { registerLogs } from "./commands/logs.ts";
import { registerPurge } from "./commands/purge.ts";
import { registerResults } from "./commands/results.ts";
import { registerSubmit } from "./commands/submit.ts";
import { registerWatch } from "./commands/watch.ts";
import type { CliIo } from "./cli-io.ts";

const COMMANDS = [
  registerRun,
  registerValidate,
  registerTool,
  registerGrade,
  registerSandbox,
  registerServe,
  registerList,
  registerShow,
  registerReport,
  registerRetry,
  registerRegrade,
  registerPreflight,
  registerDoctor,
  registerConformance,
  registerTrainer,
  registerSubmit,
  registerGet,
  registerWatch,
  registerResults,
  registerLogs,
  registerCancel,
  registerPurge,
  registerCrds,
] as const;

const EXAMPLE = `
Example:
  rollyard validate -f environment.yaml -f job.yaml
  rollyard run -f environment.yaml -f job.yaml
  rollyard report runs/latest
  rollyard submit -f job.yaml --watch
  rollyard results repo-search -f

run, serve, grade, list, show and report work on this machine and its folders; submit, get, watch, results, logs, cancel and purge on a cluster.
retry, regrade, preflight and doctor take both: a path, or the name of a folder that is here, is a folder; any other name, and rj/NAME, is a RolloutJob.
trainer creates and follows fine-tuning jobs of hosted trainers, and plays one; conformance tries endpoints that one would call.

Every command has --help with an example.
`;

/** The command line with all its commands; it throws CommanderError instead of ending the process. */
export function createProgram(io: CliIo, version: string): Command {
  const program = new Command("rollyard")
    .description("runs the rollouts of agent reinforcement fine-tuning")
    .version(version)
    .addHelpText("after", EXAMPLE)
    .showHelpAfterError("(add --help for usage)")
    .exitOverride();
  for (const register of COMMANDS) register(program, io);
  return program;
}
