import { randomBytes } from "node:crypto";
import { Option } from "commander";
import type { Command } from "commander";
import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { SANDBOX_CHOICES } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import { jsonText } from "../../../src/trajectory/json-text.ts";
import type { CliIo } from "../cli-io.ts";
import { collected } from "../collected.ts";
import { gradeOnce } from "../grade/grade-once.ts";
import type { GradedOnce } from "../grade/grade-once.ts";
import { serveGraders } from "../grade/serve-graders.ts";
import { loadGrader } from "../grading/load-grader.ts";
import { openGrading } from "../grading/open-grading.ts";
import type { Grading } from "../grading/open-grading.ts";
import { interruptOnSignals } from "../run/interrupt.ts";
import { portNumber, wholeNumber } from "../whole-number.ts";

interface GradeFlags {
  readonly file: string;
  readonly sample?: string;
  readonly item?: string;
  readonly secret: readonly string[];
  readonly sandbox: SandboxChoice;
  readonly waitSeconds: number;
  readonly serve: boolean;
  readonly port: number;
  readonly json: boolean;
}

const EXAMPLE = `
Examples:
  rollyard grade -f environment.yaml --sample answer.txt --item row.json
  rollyard grade -f grader.yaml --sample sample.json --item row.json --json
  rollyard grade -f environment.yaml --serve --port 8400

-f takes an Environment, or a grader alone. --sample is the answer's text, or a JSON object with fields of sample (output_text,
output_json, output_tools, …); --item the dataset row. The result has the form of OpenAI's graders/run; its reward is null where
the grader failed. What is down is waited for --wait-seconds in all.

With --serve, OpenAI's clients can be pointed here: POST /v1/fine_tuning/alpha/graders/run and /validate, with the judges and packages
of -f, on loopback, for whoever has the key that it prints (or that ROLLYARD_GRADE_KEY brings).

Exit codes: 0 there is a reward; 1 the grader failed; 2 bad input, or a grader that can't be used; 130 interrupted.
`;

/** Adds `rollyard grade`: tries a grader alone, or serves graders to OpenAI's clients. */
export function registerGrade(program: Command, io: CliIo): void {
  program
    .command("grade")
    .description("try a grader alone on one sample, or serve graders to OpenAI's clients")
    .requiredOption("-f, --file <file>", "YAML or JSON file: an Environment, or a grader alone")
    .option("--sample <file>", "the answer's text, or a JSON object with fields of sample")
    .option("--item <file>", "the dataset row, a JSON object; default an empty one")
    .option("--secret <NAME/KEY=env:VAR|file:PATH>", "a secret's value; may be repeated", collected, [])
    .addOption(
      new Option("--sandbox <kind>", "what isolates python graders").choices(SANDBOX_CHOICES).default("auto"),
    )
    .option("--wait-seconds <n>", "longest that what is down is waited for", wholeNumber(0), 30)
    .option("--serve", "serve OpenAI's grader API on loopback instead", false)
    .option("--port <n>", "port of --serve; 0 takes a free one", portNumber, 0)
    .option("--json", "print the result on one line", false)
    .addHelpText("after", EXAMPLE)
    .action(async (flags: GradeFlags) => {
      if (flags.serve === (flags.sample !== undefined)) {
        throw new RollyardError("bad_input", { message: "Give --sample FILE, or --serve; one of them." });
      }
      const input = await loadGrader(flags.file, { secretFlags: flags.secret, surroundings: null }, io);
      io.setExitCode(await grade(input, flags, io));
    });
}

async function grade(input: EnvironmentInput, flags: GradeFlags, io: CliIo): Promise<number> {
  const what = flags.serve ? "requests under way are given up" : "nothing was graded";
  const interrupted = interruptOnSignals(io, what);
  const { signal } = interrupted;
  const options = {
    sandbox: flags.sandbox,
    signal,
    mostWaitMs: flags.waitSeconds * 1000,
    prepare: !flags.serve,
  };
  const grading = await openGrading(input, options, io);
  try {
    return await act(input, { flags, grading, signal }, io);
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  } finally {
    interrupted.stop();
    await grading.close();
  }
}

interface OpenGrade {
  readonly flags: GradeFlags;
  readonly grading: Grading;
  readonly signal: AbortSignal;
}

async function act(
  input: EnvironmentInput,
  { flags, grading, signal }: OpenGrade,
  io: CliIo,
): Promise<number> {
  const { sample, item } = flags;
  if (sample === undefined) {
    const key = io.env["ROLLYARD_GRADE_KEY"] ?? `rollyard-${randomBytes(24).toString("base64url")}`;
    await serveGraders(input, { port: flags.port, key, signal }, { grading, io });
    return 0;
  }
  const graded = await gradeOnce({ sample, item }, input, { grading, io });
  if (signal.aborted) return 130;
  io.stdout(`${jsonText(graded.run, flags.json ? 0 : 2)}\n`);
  return exitCodeFor(graded, io);
}

function exitCodeFor({ failure }: GradedOnce, io: CliIo): number {
  if (failure === null) return 0;
  io.stderr(`no reward: ${failure.failureClass}/${failure.code}  ${failure.message}\n`);
  return failure.failureClass === "config" ? 2 : 1;
}
