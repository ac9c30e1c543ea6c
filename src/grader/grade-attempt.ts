import { toRollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import { JoinedAbort } from "../lib/joined-abort.ts";
import type { Logger } from "../lib/logger.ts";
import { failureRecord } from "../rollout/failure-record.ts";
import type { AttemptState, FailureRecord } from "../rollout/state.ts";
import type { AgentFiles } from "./agent-files.ts";
import type { CleanSandbox } from "./clean-sandbox.ts";
import type { WantedAgentFiles } from "./claimed-agent-files.ts";
import type { EndpointCaller } from "./endpoint-caller.ts";
import { failedAccount } from "./grading-account.ts";
import type { GradingAccount } from "./grading-account.ts";
import { GradingPlace } from "./grading-place.ts";
import type { GradingSlot } from "./grading-place.ts";
import type { GradeDrain } from "./grade-drain.ts";
import type { GradeTask } from "./grade-request.ts";
import type { GraderWaits } from "./grader-waits.ts";
import type { GraderSetup, LoadGraderSetup } from "./grader-setup.ts";
import type { GraderMetrics } from "./metrics.ts";
import type { OutcomeChain } from "./outcome-chain.ts";
import { untilAnswered } from "./patience.ts";
import type { GradeDeps, GradeResult, GraderWait } from "./port.ts";
import { sampleFromAttempt } from "./sample-from-attempt.ts";
import { trajectoryFacts } from "./trajectory-facts.ts";

/** What grading an attempt needs of the world. */
export interface GradeAttemptDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly loadSetup: LoadGraderSetup;
  /** Makes the place where this task's graders run code; nothing starts before it is asked to open. */
  readonly cleanSandboxFor: (task: GradeTask) => CleanSandbox;
  /** The agent's files; nothing is read before a grader asks. */
  readonly agentFilesFor: (wanted: WantedAgentFiles) => AgentFiles;
  readonly endpointCaller: EndpointCaller;
  readonly nonce: () => string;
  readonly metrics: GraderMetrics;
  readonly waits: GraderWaits;
  /** Its place among its process's other gradings. */
  readonly slot: GradingSlot;
}

/** A sealed attempt that waits for its grade. */
export interface AttemptToGrade {
  readonly task: GradeTask;
  readonly attempt: AttemptState;
  readonly chain: OutcomeChain;
  readonly drain: GradeDrain;
  /** No grader had it before. */
  readonly isFirst: boolean;
}

/** What the grading of an attempt came to. */
export type GradedAttempt =
  | { readonly kind: "graded"; readonly result: GradeResult; readonly environment: string }
  | { readonly kind: "ungradable"; readonly failure: FailureRecord; readonly account: GradingAccount }
  /** While a grader waited, the attempt got an outcome from elsewhere (cancelled). */
  | { readonly kind: "ended" };

/** Runs the environment's grader over a sealed attempt. Rejects only when a drain aborts it, or with `other_version`. */
export async function gradeAttempt(target: AttemptToGrade, deps: GradeAttemptDeps): Promise<GradedAttempt> {
  const { task, drain } = target;
  const wanted = new AbortController();
  let graderType = "none";
  try {
    const patience = { clock: deps.clock, signal: drain.hard };
    const setup = await untilAnswered(() => deps.loadSetup(task.ref), patience);
    graderType = setup.graderType;
    countWait(target, setup, deps);
    const result = await runGrader(target, setup, { deps, wanted });
    return { kind: "graded", result, environment: setup.environment };
  } catch (thrown) {
    if (wanted.signal.aborted) return { kind: "ended" };
    if (drain.hard.aborted || drain.soft.aborted) throw thrown;
    const error = toRollyardError(thrown);
    if (error.code === "other_version") throw error;
    deps.metrics.graderFailed(graderType, error.code);
    return { kind: "ungradable", failure: failureRecord(error), account: failedAccount(error) };
  }
}

/** Clocks of two machines may differ by more than the wait. */
function countWait(
  { attempt, isFirst }: AttemptToGrade,
  { environment }: GraderSetup,
  { clock, metrics }: GradeAttemptDeps,
): void {
  if (!isFirst || attempt.seal === null) return;
  metrics.gradeTaken(environment, Math.max(0, clock.nowMs() - attempt.seal.atMs) / 1000);
}

interface RunContext {
  readonly deps: GradeAttemptDeps;
  /** Aborted when the attempt needs no grade any more. */
  readonly wanted: AbortController;
}

async function runGrader(
  target: AttemptToGrade,
  setup: GraderSetup,
  { deps, wanted }: RunContext,
): Promise<GradeResult> {
  const { attempt, drain } = target;
  const sample = sampleFromAttempt(attempt, setup);
  const input = {
    item: attempt.item,
    sample,
    trajectory: trajectoryFacts(attempt, sample.output_text),
    attempt: { rolloutId: attempt.rolloutId, traceId: attempt.traceId, attempt: attempt.attempt },
  };
  const end = new JoinedAbort(drain.hard, wanted.signal);
  const cleanSandbox = deps.cleanSandboxFor(target.task);
  const place = new GradingPlace(deps.slot);
  const gradeDeps: GradeDeps = {
    clock: deps.clock,
    signal: end.signal,
    agentFiles: deps.agentFilesFor({ task: target.task, attempt, paths: setup.agentFilePaths }),
    cleanSandbox,
    endpointCaller: deps.endpointCaller,
    nonce: deps.nonce,
    timeLimitMs: setup.timeLimitMs,
    spend: () => undefined,
    countTokens: () => undefined,
    waitOut: (wait, given) => waitOut(wait, given, { target, place, deps, wanted }),
    stay: {
      stepOut: (wait, given) => stepOut(wait, given, { target, place, deps, wanted }),
      divide: (parts) => place.divide(parts),
      partEnded: () => place.partEnded(),
    },
  };
  try {
    const result = await setup.grader.grade(input, gradeDeps);
    deps.metrics.graderFinished(setup.graderType, result.executionSeconds);
    return result;
  } finally {
    end.release();
    deps.waits.over(attempt);
    await cleanSandbox.close();
  }
}

interface WaitContext extends RunContext {
  readonly target: AttemptToGrade;
  readonly place: GradingPlace;
}

/**
 * One wait of a grader for what it can't have. A drain ends it; so do an outcome that came from elsewhere, such as a
 * deadline's, and the failure of another grader beside it.
 */
async function waitOut(
  { graderType, code, delayMs }: GraderWait,
  given: AbortSignal,
  { target, place, deps, wanted }: WaitContext,
): Promise<void> {
  const { attempt, chain, drain } = target;
  drain.soft.throwIfAborted();
  deps.metrics.graderFailed(graderType, code);
  deps.waits.begin(attempt, { graderType, code });
  deps.logger.debug("grader waits", {
    rollout: attempt.rolloutId,
    grader: graderType,
    code,
    delay_ms: delayMs,
  });
  if ((await chain.decide()).kind === "ended") wanted.abort();
  const signal = AbortSignal.any([given, drain.soft, drain.hard, wanted.signal]);
  await place.outside(() => deps.clock.sleep(delayMs, signal), signal);
  signal.throwIfAborted();
}

/** Waits for a limit's turn, which may take as long as all gradings before it; then the grade may be wanted no more. */
async function stepOut(
  wait: (signal: AbortSignal) => Promise<void>,
  given: AbortSignal,
  { target: { chain, drain }, place, wanted }: WaitContext,
): Promise<void> {
  const signal = AbortSignal.any([given, drain.soft, drain.hard, wanted.signal]);
  signal.throwIfAborted();
  await place.outside(async () => {
    await wait(signal);
    if (!signal.aborted && (await chain.decide()).kind === "ended") wanted.abort();
  }, signal);
  signal.throwIfAborted();
}
