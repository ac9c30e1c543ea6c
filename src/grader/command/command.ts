import { createHash } from "node:crypto";
import { RollyardError } from "../../errors/rollyard-error.ts";
import { inParallel } from "../../lib/in-parallel.ts";
import type { SandboxSession } from "../../sandbox/port.ts";
import type { GraderContext } from "../grader-context.ts";
import type { GradeDeps, GradeInput } from "../port.ts";
import { asGraderFailure } from "../sandbox-failure.ts";
import type { SubGraderSpec } from "../schema.ts";
import type { Score, Scorer } from "../scorer.ts";
import type { CommandRun } from "./command-run.ts";
import { readCommandResult } from "./command-result.ts";
import { assetsKey } from "./grader-file.ts";
import type { GraderFile } from "./grader-file.ts";
import { layOut, OWN_FOLDER } from "./lay-out.ts";
import { PYTHON_HELPER } from "./python-helper.ts";
import { scoreCommand } from "./score-command.ts";
import type { CommandEnd } from "./score-command.ts";
import { hasBegun, signedBody } from "./signed-result.ts";

/** Spec of a `command` grader. */
export type CommandSpec = Extract<SubGraderSpec, { type: "command" }>;

const DEFAULT_RESULT = `${OWN_FOLDER}/result`;
const MAX_RESULT_BYTES = 4 * 1024 * 1024;
/** What the command prints is thrown away, but for its first line. */
const MAX_OUTPUT_BYTES = 4096;
const WRITES_AT_ONCE = 8;

/**
 * Runs the author's command, once, in a clean sandbox of its own, over files that the agent left and over the author's own
 * ones. Only a result that is signed with the run's key counts. Throws as {@link scoreCommand}; `grader_config_error` for a
 * spec whose own files were not given, and class `sandbox` when the agent's files were lost before they were read.
 */
export function compileCommand(spec: CommandSpec, { assets: given }: GraderContext): Scorer {
  const assets = spec.assets === undefined ? [] : given.get(assetsKey(spec.assets));
  if (assets === undefined) throw noAssets(spec.name);
  return {
    name: spec.name,
    type: spec.type,
    score: (input, deps) => scoreOnce({ spec, assets }, input, deps),
  };
}

interface Command {
  readonly spec: CommandSpec;
  readonly assets: readonly GraderFile[];
}

async function scoreOnce(command: Command, input: GradeInput, deps: GradeDeps): Promise<Score> {
  const { spec, assets } = command;
  const taken = await Promise.all(
    spec.files.map(async ({ from, to }) => ({ to, tree: await deps.agentFiles.take(from, deps.signal) })),
  );
  const laidOut = layOut(taken, assets);
  if (laidOut.kind === "refused") {
    const run: CommandRun = {
      assets,
      agentFiles: [],
      unread: laidOut.reason,
      hasBegun: false,
      result: null,
    };
    return {
      reward: 0,
      flags: ["agent_files_refused"],
      errors: {},
      commands: [run],
    };
  }
  const end = await runClean(command, { input, files: laidOut.files }, deps);
  const score = scoreCommand({ name: spec.name, tests: spec.expect?.tests ?? null }, end);
  const unread = laidOut.isEnded ? "ended" : null;
  const commands = [{ ...end, assets, agentFiles: laidOut.files, unread } as const];
  const absent = laidOut.isIncomplete ? ["agent_files_absent"] : [];
  return { ...score, flags: [...score.flags, ...absent], commands };
}

interface RunInput {
  readonly input: GradeInput;
  /** The agent's. */
  readonly files: readonly GraderFile[];
}

async function runClean(command: Command, run: RunInput, deps: GradeDeps): Promise<CommandEnd> {
  try {
    return await deps.cleanSandbox.use("alone", deps.signal, (session) =>
      runIn(session, command, { run, deps }),
    );
  } catch (error) {
    throw asGraderFailure(command.spec, error);
  }
}

async function runIn(
  session: SandboxSession,
  { spec, assets }: Command,
  { run, deps }: { readonly run: RunInput; readonly deps: GradeDeps },
): Promise<CommandEnd> {
  const { attempt, item, sample } = run.input;
  const key = deps.nonce();
  const callId = `${attempt.rolloutId}/${attempt.attempt}/grade/${deps.nonce()}`;
  await inParallel([...run.files, HELPER], WRITES_AT_ONCE, (file) => write(session, file, `${callId}/agent`));
  // After the agent's: where both have a file, nothing of the agent's is left.
  await inParallel(assets, WRITES_AT_ONCE, (file) => write(session, file, `${callId}/asset`));
  const result = spec.result ?? DEFAULT_RESULT;
  const timeoutMs = deps.timeLimitMs;
  const job = {
    key,
    item,
    sample,
    tests: spec.expect?.tests ?? null,
    assets: assets.map(({ path }) => path),
    result,
    seconds: timeoutMs / 1000,
  };
  const ended = await session.exec(
    { callId, argv: spec.argv, stdin: JSON.stringify(job), timeoutMs, maxOutputBytes: MAX_OUTPUT_BYTES },
    deps.signal,
  );
  deps.spend(ended.durationMs);
  const body = signedBody(await session.readFile(result, MAX_RESULT_BYTES), key);
  return {
    run: ended,
    hasBegun: hasBegun(ended.stdout, key),
    result: body === null ? null : readCommandResult(body),
  };
}

const HELPER: GraderFile = {
  path: `${OWN_FOLDER}/rollyard_grade.py`,
  content: new TextEncoder().encode(PYTHON_HELPER),
  isExecutable: false,
};

function write(
  session: SandboxSession,
  { path, content, isExecutable }: GraderFile,
  callId: string,
): Promise<void> {
  const id = createHash("sha256").update(path).digest("hex").slice(0, 32);
  return session.writeFile(path, content, `${callId}/${id}`, isExecutable ? 0o755 : 0o644);
}

function noAssets(name: string): RollyardError {
  return new RollyardError("grader_config_error", {
    message: `Grader "${name}": its own files (assets) were not given here.`,
    details: { grader: "command" },
  });
}
