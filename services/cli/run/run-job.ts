import { fieldsWithoutEffect } from "../../../src/config/fields-without-effect.ts";
import type { RunInput } from "../../../src/config/run-input.ts";
import { RollyardError, toRollyardError } from "../../../src/errors/rollyard-error.ts";
import { waitingFor } from "../../../src/job/job-conditions.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { selectLauncher } from "../../../src/sandbox/select-launcher.ts";
import { shellWord } from "../../../src/trajectory/shell-word.ts";
import type { CliIo } from "../cli-io.ts";
import { findPrograms } from "../find-programs.ts";
import { dryRun, rolloutsText } from "./dry-run.ts";
import { givenOptions } from "./given-options.ts";
import type { ResumeFlags } from "./given-options.ts";
import { finishRun } from "./finish-run.ts";
import { prepareGraderRuntime } from "./grader-runtime.ts";
import type { GraderRuntime } from "./grader-runtime.ts";
import { interruptOnSignals } from "./interrupt.ts";
import { localRun } from "./local-run.ts";
import type { LocalRunEnd } from "./local-run.ts";
import { Progress } from "./progress.ts";
import { openRunFolder } from "./run-folder.ts";
import { RunSeconds } from "./run-seconds.ts";
import type { RunFlags } from "./run-flags.ts";
import type { RunFolder } from "./run-folder.ts";
import { startRunTelemetry } from "./start-run-telemetry.ts";
import { resumeCommand } from "./resume-command.ts";
import { unwritable } from "./unwritable.ts";

/** The flags that matter once the input is checked. */
export type RunJobFlags = Pick<RunFlags, "out" | "verbose" | "json"> & ResumeFlags;

/** Runs a checked job and resolves with the command's exit code. Bad input that shows only now is a RollyardError. */
export async function runJob(input: RunInput, flags: RunJobFlags, io: CliIo): Promise<number> {
  refuseSuspended(input);
  const programs = await findPrograms(io.env);
  const { sandbox } = input.environment.spec;
  const launcher = await selectLauncher(flags.sandbox, { sandboxd: programs.sandboxd, spec: sandbox });
  try {
    const graderRuntime = await prepareGraderRuntime(input, launcher, io);
    const folder = await openRunFolder(input, {
      out: flags.out,
      cwd: io.cwd,
      nowMs: systemClock.nowMs(),
      options: givenOptions(flags, io.cwd),
    });
    try {
      announce(input, { folder, launcher }, io);
      const { natsServer } = programs;
      return await runInFolder({ input, flags, io, folder, launcher, natsServer, graderRuntime });
    } finally {
      await folder.close();
    }
  } finally {
    await launcher.close();
  }
}

function refuseSuspended({ job }: RunInput): void {
  if (!job.spec.suspend) return;
  throw new RollyardError("bad_input", {
    message: `The job ${job.metadata.name} is suspended; set spec.suspend to false to run it.`,
  });
}

interface Run {
  readonly input: RunInput;
  readonly flags: RunJobFlags;
  readonly io: CliIo;
  readonly folder: RunFolder;
  readonly launcher: SandboxLauncher;
  readonly natsServer: string;
  readonly graderRuntime: GraderRuntime;
}

async function runInFolder(run: Run): Promise<number> {
  const { io, folder, flags } = run;
  const telemetry = await startRunTelemetry(run.input, folder, { isVerbose: flags.verbose });
  const interrupted = interruptOnSignals(io);
  let progress: Progress | null = null;
  if (folder.state.stopped !== null) await folder.save({ ...folder.state, stopped: null });
  const seconds = new RunSeconds(folder, systemClock);
  try {
    const ended = await localRun({
      ...run,
      clock: systemClock,
      telemetry,
      interrupt: interrupted.signal,
      onStarted: ({ ledger, conditions }) => {
        io.stderr(`metrics at http://127.0.0.1:${telemetry.port}/metrics\n`);
        progress = new Progress(ledger, progressOutput(io), systemClock, () => waitingFor(conditions()));
        progress.start();
      },
    });
    await endProgress(progress);
    await seconds.stop();
    return await conclude(run, ended, seconds.total());
  } catch (error) {
    await endProgress(progress);
    await seconds.stop();
    return await reportFailure(run, error, seconds.total());
  } finally {
    interrupted.stop();
    await telemetry.close();
  }
}

function endProgress(progress: Progress | null): Promise<void> {
  return progress === null ? Promise.resolve() : progress.end();
}

async function conclude(run: Run, { end, conditions }: LocalRunEnd, earlierSeconds: number): Promise<number> {
  const { folder, io, flags } = run;
  if (end.condition === "Suspended") {
    const stopped = { why: "interrupted", message: "It was interrupted." } as const;
    await folder.save({ ...folder.state, earlierSeconds, stopped });
    io.stderr(`interrupted; ${howToResume(run)}\n`);
    return 130;
  }
  const { condition, reason, message } = end;
  const summary = await finishRun({ folder, end, conditions, seconds: earlierSeconds, command: io.command });
  await folder.save({ ...folder.state, earlierSeconds, stopped: null, end: { condition, reason, message } });
  io.stderr(`${condition} (${reason}): ${message}\nresults in ${folder.path}\n`);
  io.stdout(flags.json ? `${JSON.stringify(summary.json)}\n` : summary.text);
  if (folder.state.job.retryOf !== null) {
    io.stderr(`joined with ${folder.state.job.retryOf}: ${io.command} report ${shellWord(folder.outer)}\n`);
  }
  return condition === "Complete" && reason === "AllGraded" ? 0 : 1;
}

function howToResume({ folder, io }: Run): string {
  return folder.state.job.retryOf === null
    ? `the same command with --out ${folder.outer} resumes it`
    : `${resumeCommand(folder.path, folder.state, io)} resumes it`;
}

async function reportFailure({ folder, io }: Run, thrown: unknown, earlierSeconds: number): Promise<number> {
  const error = unwritable(folder.path, thrown) ?? toRollyardError(thrown);
  // On a full disk this note is lost too, and what was recorded is what counts.
  await folder
    .save({ ...folder.state, earlierSeconds, stopped: { why: "error", message: error.message } })
    .catch(() => undefined);
  const cause = error.code === "internal" && thrown instanceof Error ? `\n${thrown.stack ?? ""}` : "";
  io.stderr(`rollyard: ${error.message}${cause}\nwhat was recorded is in ${folder.path}\n`);
  return 1;
}

function announce(
  input: RunInput,
  parts: { readonly folder: RunFolder; readonly launcher: SandboxLauncher },
  io: CliIo,
): void {
  const { job } = input;
  const { model, parallelism } = job.spec;
  const { origin, pathname } = new URL(model.baseURL);
  const verb = parts.folder.isResumed ? "resuming" : "running";
  io.stderr(
    `${verb} ${job.metadata.name}: ${rolloutsText(input, dryRun(input))}, ` +
      `model ${model.name} at ${origin}${pathname}, ${parallelism} at a time, sandboxes by ${parts.launcher.name}\n`,
  );
  for (const sentence of [...parts.launcher.notEnforced, ...noEffectSentence(input)])
    io.stderr(`note: ${sentence}\n`);
}

function noEffectSentence({ job, environment }: RunInput): string[] {
  const fields = fieldsWithoutEffect({ job: job.spec, environment: environment.spec });
  return fields.length === 0 ? [] : [`No effect on this machine: ${fields.join(", ")}.`];
}

function progressOutput(io: CliIo): ConstructorParameters<typeof Progress>[1] {
  return {
    write: io.stderr,
    isTerminal: process.stderr.isTTY,
    columns: () => process.stderr.columns ?? 80,
  };
}
