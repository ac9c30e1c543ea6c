import { RollyardError, withFacts } from "../../errors/rollyard-error.ts";
import type { ExecResult } from "../../sandbox/port.ts";
import type { Score } from "../scorer.ts";
import type { CommandResult } from "./command-result.ts";
import type { TestResult } from "./test-result.ts";

/** What a command's run left, as far as it can be believed. */
export interface CommandEnd {
  readonly run: Pick<ExecResult, "exitCode" | "signal" | "timedOut" | "outOfMemory" | "durationMs">;
  /** It said, signed, that it was about to run the agent's code. */
  readonly hasBegun: boolean;
  /** Null when there is no signed result that can be read. */
  readonly result: CommandResult | null;
}

/** What the author wants of a command. */
export interface WantedOfCommand {
  readonly name: string;
  /** Ids of the tests that must be reported; null where every reported one counts. */
  readonly tests: readonly string[] | null;
}

/**
 * The score of a run: the share of the wanted tests that passed, or what the command gives itself. A command that the
 * agent's code ended, so that there is no result, gives 0. Throws `grader_failed`, `grader_bad_answer` and
 * `grader_config_error` for what may be no doing of the agent's.
 */
export function scoreCommand(wanted: WantedOfCommand, end: CommandEnd): Score {
  const { result } = end;
  if (result === null) return scoreOfNone(wanted.name, end);
  if (result.state === "done") return scoreOfTests(wanted, result);
  const place = result.line === null ? result.kind : `${result.kind} at line ${result.line}`;
  throw withFacts(failed(wanted.name, `ended by an error of its own: ${place}`), factsOf(end.run));
}

/** What the absence of a result means: only a command that ended by itself, with the agent's code in it, gives 0. */
function scoreOfNone(name: string, { run, hasBegun }: CommandEnd): Score {
  if (run.timedOut) throw withFacts(failed(name, "ran into its time limit"), factsOf(run));
  // Who kills with SIGKILL may be the kernel, for want of memory.
  if (run.outOfMemory || run.signal === "SIGKILL") {
    throw withFacts(failed(name, "was killed, perhaps for want of memory"), factsOf(run));
  }
  if (hasBegun) return { reward: 0, flags: ["command_no_result"], errors: {} };
  if (run.exitCode === 127 || run.exitCode === 126) throw notRun(name, run.exitCode);
  throw withFacts(failed(name, "ended without a signed result"), factsOf(run));
}

type Done = Extract<CommandResult, { state: "done" }>;

function scoreOfTests({ name, tests }: WantedOfCommand, result: Done): Score {
  const passed = passedIds(result.tests);
  const reported = new Set(result.tests.map(({ id }) => id));
  const wanted = [...new Set(tests ?? reported)];
  const missing = wanted.filter((id) => !reported.has(id)).length;
  const flags = missing > 0 ? ["command_tests_missing"] : [];
  if (result.score !== undefined && missing === 0) {
    return { reward: result.score, flags, errors: {} };
  }
  if (wanted.length === 0) throw badAnswer(name, "reported no test and no score");
  const right = wanted.filter((id) => passed.has(id)).length;
  return { reward: right / wanted.length, flags, errors: {} };
}

/** A test that is reported twice passed when it did both times. */
function passedIds(tests: readonly TestResult[]): ReadonlySet<string> {
  const passed = new Set(tests.map(({ id }) => id));
  for (const { id, outcome } of tests) if (outcome !== "passed") passed.delete(id);
  return passed;
}

function factsOf({ exitCode, signal, durationMs }: CommandEnd["run"]): RollyardError["details"] {
  return { exit_code: exitCode, duration_ms: durationMs, ...(signal === "" ? {} : { signal }) };
}

function failed(name: string, what: string): RollyardError {
  const message = `The command of grader "${name}" ${what}.`;
  return new RollyardError("grader_failed", { message, details: { grader: "command" } });
}

function badAnswer(name: string, what: string): RollyardError {
  const message = `The command of grader "${name}" ${what}.`;
  return new RollyardError("grader_bad_answer", { message, details: { grader: "command" } });
}

function notRun(name: string, exitCode: number): RollyardError {
  const why = exitCode === 127 ? "was not found in its sandbox" : "can't be run in its sandbox";
  const message = `The command of grader "${name}" ${why}.`;
  return new RollyardError("grader_config_error", { message, details: { grader: "command" } });
}
