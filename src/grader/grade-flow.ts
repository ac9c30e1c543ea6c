import { otherVersionDelayMs } from "../bus/other-version-delay.ts";
import type { LogStore, WorkDelivery } from "../bus/port.ts";
import { toRollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { FailureRecord } from "../rollout/state.ts";
import { decodeGradeRequest } from "./grade-request.ts";
import type { DecodedGradeRequest, GradeTask } from "./grade-request.ts";
import { gradeAttempt } from "./grade-attempt.ts";
import type { GradeAttemptDeps } from "./grade-attempt.ts";
import type { GradeDrain } from "./grade-drain.ts";
import { NO_ACCOUNT } from "./grading-account.ts";
import type { GradingAccount } from "./grading-account.ts";
import { OutcomeChain } from "./outcome-chain.ts";
import { gradedOutcomeMessage } from "./outcome-message.ts";
import { pauseBefore } from "./patience.ts";
import type { Patience } from "./patience.ts";
import type { GradeResult } from "./port.ts";
import { readSealedLog } from "./read-sealed-log.ts";
import { settleMessage } from "./settle-message.ts";
import { ungradable } from "./ungradable.ts";

/** A request that comes back more often is set aside: it may be what ends its graders. */
export const MAX_DELIVERIES = 20;

/** How long a request that is not understood stays away. */

/** What grading one request needs of the world. */
export interface GradeFlowDeps extends GradeAttemptDeps {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How the handling of one delivery ended. All but `given_back` were acknowledged. */
export type GradeEnd =
  | {
      readonly kind: "graded";
      readonly task: GradeTask;
      readonly environment: string;
      readonly result: GradeResult;
    }
  | { readonly kind: "settled"; readonly task: GradeTask; readonly failure: FailureRecord }
  /** The attempt had an outcome already. */
  | { readonly kind: "ended_before"; readonly task: GradeTask }
  | { readonly kind: "given_back"; readonly reason: "drain" | "foreign" };

/**
 * Handles one delivery of a grade request to its end: the outcome is recorded, or the settle request is stored, and
 * only then is the delivery acknowledged. Every step may be repeated after a crash: the chain of outcomes takes one
 * outcome an attempt. Rejects only for errors of ours; then the delivery is neither acknowledged nor given back.
 */
export async function gradeDelivery(
  delivery: WorkDelivery,
  deps: GradeFlowDeps,
  drain: GradeDrain,
): Promise<GradeEnd> {
  const decoded = decodeGradeRequest(delivery.subject, delivery.payload);
  if (decoded.kind === "foreign") return giveBack(delivery, deps);
  try {
    const end = await handle(decoded, delivery.deliveries, { deps, drain });
    await delivery.ack();
    return end;
  } catch (error) {
    if (toRollyardError(error).code === "other_version") return giveBack(delivery, deps);
    if (!drain.soft.aborted && !drain.hard.aborted) throw error;
    await delivery.nak();
    return { kind: "given_back", reason: "drain" };
  }
}

/** A grader of another version may understand it, or what it names. */
async function giveBack(delivery: WorkDelivery, { logger }: GradeFlowDeps): Promise<GradeEnd> {
  logger.error("grade request not understood", { subject: delivery.subject });
  await delivery.nak(otherVersionDelayMs(delivery.deliveries));
  return { kind: "given_back", reason: "foreign" };
}

interface FlowContext {
  readonly deps: GradeFlowDeps;
  readonly drain: GradeDrain;
}

type Readable = Exclude<DecodedGradeRequest, { kind: "foreign" }>;

async function handle({ kind, task }: Readable, deliveries: number, context: FlowContext): Promise<GradeEnd> {
  const patience = { clock: context.deps.clock, signal: context.drain.hard };
  const chain = new OutcomeChain(context.deps.store, task, patience);
  const settling = { ...context, patience, chain };
  if (kind === "unreadable") return settle(task, UNREADABLE, settling);
  // Hardly ever has it ended already: both are read at once, for somebody may wait for the score. Of one that may be what ends its
  // graders nothing is read.
  const log = deliveries > MAX_DELIVERIES ? null : readSealedLog(context.deps.store, task, patience);
  log?.catch(() => undefined);
  const state = await chain.decide();
  if (state.kind === "ended") return { kind: "ended_before", task };
  if (state.kind === "broken") return settle(task, state.failure, settling);
  if (log === null) return settle(task, setAside(deliveries), settling);
  return gradeOpen(task, { ...settling, deliveries, log, expected: state.expectedLastSequence });
}

interface SettleContext extends FlowContext {
  /** Of the grading, where there was one. */
  readonly account?: GradingAccount;
  readonly patience: Patience;
  readonly chain: OutcomeChain;
}

interface OpenContext extends SettleContext {
  /** Sequence that the outcome must expect. */
  readonly expected: number;
  readonly deliveries: number;
  readonly log: ReturnType<typeof readSealedLog>;
}

async function gradeOpen(task: GradeTask, context: OpenContext): Promise<GradeEnd> {
  const { deps, chain, drain, deliveries } = context;
  const log = await context.log;
  if (log.kind === "refused") return settle(task, log.failure, context);
  const graded = await gradeAttempt(
    { task, attempt: log.attempt, chain, drain, isFirst: deliveries === 1 },
    deps,
  );
  if (graded.kind === "ended") return { kind: "ended_before", task };
  if (graded.kind === "ungradable") return settleUnlessEnded(task, graded, context);
  const { result, environment } = graded;
  const message = gradedOutcomeMessage({
    task,
    attempt: log.attempt,
    result,
    endedAtMs: deps.clock.nowMs(),
    nonce: deps.nonce(),
  });
  const recorded = await chain.record(message, context.expected);
  if (recorded.kind === "recorded") return { kind: "graded", task, environment, result };
  if (recorded.kind === "ended") return { kind: "ended_before", task };
  return settle(task, recorded.failure, context);
}

/** A grading may fail because its attempt was ended meanwhile, which takes its sandbox away. */
async function settleUnlessEnded(
  task: GradeTask,
  { failure, account }: { readonly failure: FailureRecord; readonly account: GradingAccount },
  context: OpenContext,
): Promise<GradeEnd> {
  const state = await context.chain.decide();
  return state.kind === "ended"
    ? { kind: "ended_before", task }
    : settle(task, failure, { ...context, account });
}

/**
 * Stores the settle request. The attempt has one slot for them, and what is in it may be a worker's, which says
 * something else: only the attempt's outcome shows that the controller knows. Until then it is asked again.
 */
async function settle(task: GradeTask, reason: FailureRecord, context: SettleContext): Promise<GradeEnd> {
  const { deps, chain, drain, patience, account = NO_ACCOUNT } = context;
  const signal = AbortSignal.any([patience.signal, drain.soft]);
  const message = settleMessage(task, reason, account);
  for (let tries = 1; ; tries += 1) {
    const result = await deps.store.publish(message);
    if (result.kind === "stored") return { kind: "settled", task, failure: reason };
    if (result.kind === "slot_taken" && (await chain.decide()).kind === "ended") {
      return { kind: "ended_before", task };
    }
    deps.slot.leave();
    await pauseBefore(tries, { ...patience, signal });
    await deps.slot.enter(signal);
  }
}

const UNREADABLE = ungradable("internal", "The grade request can't be read.");

function setAside(deliveries: number): FailureRecord {
  return ungradable("grader_failed", "The grade request came back again and again.", {
    deliveries: String(deliveries),
  });
}
