import { decodeStored } from "../bus/envelope.ts";
import { loadText } from "../bus/text.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { AssignmentSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { Assignment } from "../gen/rollyard/v1/work_pb.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject } from "../lib/json.ts";
import { untilAborted } from "../lib/until-aborted.ts";
import { AgentLoop } from "./agent-loop.ts";
import type { LoopEnd } from "./loop-end.ts";
import type { AgentSetup } from "./agent-setup.ts";
import type { AttachedLog } from "./attached-log.ts";
import { attachToRollout } from "./attach.ts";
import type { AttachDeps, Poison } from "./attach.ts";
import { requireRef } from "./attempt-ref.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { closeAttempt } from "./close-attempt.ts";
import { failureRecord } from "./failure-record.ts";
import type { RolloutObserver } from "./observer.ts";
import type { AttemptContent } from "./rollout-started.ts";
import type { SandboxClaims } from "./sandbox-lease.ts";
import type { FailureRecord, Seal } from "./state.ts";

/** What driving needs of the world, beside what attaching needs. */
export interface DriveDeps extends AttachDeps {
  readonly claims: SandboxClaims;
  readonly observer: RolloutObserver;
  readonly drainNow: AbortSignal;
  /** The snapshot that a spec hash names, ready to drive. Rejects with class config. */
  readonly setupFor: (specHash: string) => Promise<AgentSetup>;
}

/** What to do with the delivery. */
export type DriveEnd =
  /** The next step is stored, or nothing is left to do: ack. */
  | { readonly kind: "ack" }
  /** Handed over on purpose: nak, so that another takes it now. */
  | { readonly kind: "nak" }
  /** Another driver has it, or it is to be left alone: neither ack nor nak. */
  | { readonly kind: "drop" };

/** Reads the assignment of a work message. Throws `log_corrupt`, `other_version`, or `bad_input`. */
export function decodeAssignment(payload: Uint8Array): { assignment: Assignment; ref: AttemptRef } {
  const assignment = decodeStored(AssignmentSchema, payload);
  return { assignment, ref: requireRef(assignment) };
}

/** Between two tries of a bus that does not answer. */
const BUS_RETRY_MS = 1000;

/**
 * Drives the assignment's attempt as far as it can be driven here: attach, run the agent, seal, send the closing
 * request. A bus that does not answer is waited for, and fails nothing. Rejects for what no record can be made of: a
 * log that does not fold, or is another version's, a fault of ours.
 */
export async function driveAssignment(deps: DriveDeps, assignment: Assignment): Promise<DriveEnd> {
  const leaving = AbortSignal.any([deps.signal, deps.drain]);
  for (;;) {
    try {
      return await attachAndDrive(deps, assignment, leaving);
    } catch (error) {
      const ours = toRollyardError(error);
      if (ours.code === "log_conflict" || deps.signal.aborted) return { kind: "drop" };
      if (ours.code !== "bus_unavailable") throw ours;
      await deps.clock.sleep(BUS_RETRY_MS, leaving);
      if (leaving.aborted) return left(deps);
    }
  }
}

/** Nothing was begun here: another may take it now, unless it is to be left alone. */
function left(deps: DriveDeps): DriveEnd {
  return deps.signal.aborted ? { kind: "drop" } : { kind: "nak" };
}

async function attachAndDrive(
  deps: DriveDeps,
  assignment: Assignment,
  leaving: AbortSignal,
): Promise<DriveEnd> {
  const ready = await untilAborted(setupOrFailure(deps, requireRef(assignment).specHash), leaving);
  if (ready === null) return left(deps);
  let setup = ready;
  const attachment = await attachToRollout(deps, assignment, async () => {
    const content = await contentOf(deps, assignment, setup);
    // An item that makes no prompt fails on record too: the attempt is opened, then sealed.
    if (content.problem !== null) setup = content.problem;
    return content;
  });
  switch (attachment.kind) {
    case "held":
      return { kind: "drop" };
    case "obsolete":
      return { kind: "ack" };
    case "left":
      return left(deps);
    case "sealed":
      return close(deps, assignment, {
        seal: attachment.attempt.seal,
        lastSequence: attachment.lastSequence,
      });
    case "attached":
      return drive(deps, { assignment, setup, log: attachment.log, poison: attachment.poison });
    default:
      return attachment satisfies never;
  }
}

interface Driving {
  readonly assignment: Assignment;
  readonly setup: AgentSetup | RollyardError;
  readonly log: AttachedLog;
  readonly poison: Poison | null;
}

async function drive(deps: DriveDeps, driving: Driving): Promise<DriveEnd> {
  const { assignment, log } = driving;
  const ref = requireRef(assignment);
  const loop = loopOf(deps, driving);
  deps.observer.rolloutAttached(ref);
  try {
    const end = await observedEnd(deps, loop, { ref, log });
    return await conclude(deps, driving, {
      end,
      // After the seal: before it, whoever fences this driver would go on in a frozen sandbox.
      onSealed: async () => {
        if (loop instanceof AgentLoop) await loop.freeze(end);
      },
    });
  } finally {
    if (loop instanceof AgentLoop) await loop.close();
  }
}

/** Runs the loop and tells the observer of its end, also when it rejects: what was attached must not stay counted. */
async function observedEnd(
  deps: DriveDeps,
  loop: AgentLoop | RollyardError,
  { ref, log }: { readonly ref: AttemptRef; readonly log: AttachedLog },
): Promise<LoopEnd> {
  let end: LoopEnd = { kind: "dropped" };
  try {
    end = loop instanceof AgentLoop ? await loop.run() : { kind: "failed", failure: failureRecord(loop) };
    return end;
  } finally {
    deps.observer.rolloutEnded(ref, end, log.attempt);
  }
}

/** The agent's loop, or why none can run. */
function loopOf(deps: DriveDeps, { log, setup, assignment, poison }: Driving): AgentLoop | RollyardError {
  if (poison !== null) {
    const details = { attaches: poison.attaches, last_driver: poison.lastDriver };
    return new RollyardError("worker_poison", { details });
  }
  return setup instanceof RollyardError
    ? setup
    : new AgentLoop({ ...deps, setup }, requireRef(assignment), log);
}

async function conclude(
  deps: DriveDeps,
  { assignment, setup, log }: Driving,
  { end, onSealed }: { readonly end: LoopEnd; readonly onSealed: () => Promise<void> },
): Promise<DriveEnd> {
  if (end.kind === "dropped") return { kind: "drop" };
  if (end.kind === "drained") {
    await log.record([
      log.event({ case: "driverDetached", value: { driver: deps.worker, reason: "drain" } }),
    ]);
    return { kind: "nak" };
  }
  const lastSequence = await log.record([log.event(sealingEvent(end))]);
  await onSealed();
  const freed = !(setup instanceof RollyardError) && !setup.gradingNeedsSandbox;
  if (freed || end.kind === "failed") deps.claims.release(requireRef(assignment));
  return close(deps, assignment, { seal: log.attempt.seal, lastSequence });
}

function sealingEvent(
  end: Extract<LoopEnd, { kind: "stopped" | "failed" }>,
): Parameters<AttachedLog["event"]>[0] {
  if (end.kind === "stopped") {
    return { case: "rolloutStopped", value: { reason: end.reason, evidence: { ...end.evidence } } };
  }
  const { failure }: { failure: FailureRecord } = end;
  return { case: "attemptFailed", value: { ...failure, evidence: { ...failure.evidence } } };
}

async function close(
  deps: DriveDeps,
  assignment: Assignment,
  sealed: { readonly seal: Seal | null; readonly lastSequence: number },
): Promise<DriveEnd> {
  const { seal, lastSequence } = sealed;
  if (seal === null) throw new RollyardError("internal", { details: { where: "close" } });
  const ref = requireRef(assignment);
  const { outcomeAfter } = assignment;
  await closeAttempt({ ...deps, store: deps.bus }, { ref, seal, lastSequence, outcomeAfter });
  return { kind: "ack" };
}

/** A snapshot that can't be used fails the attempt on record, instead of turning the work away for ever. */
async function setupOrFailure(deps: DriveDeps, specHash: string): Promise<AgentSetup | RollyardError> {
  try {
    return await deps.setupFor(specHash);
  } catch (error) {
    const ours = toRollyardError(error);
    if (ours.code === "bus_unavailable" || ours.code === "other_version") throw ours;
    return ours;
  }
}

async function contentOf(
  deps: DriveDeps,
  assignment: Assignment,
  setup: AgentSetup | RollyardError,
): Promise<AttemptContent & { readonly problem: RollyardError | null }> {
  const item = await itemOf(deps, assignment);
  if (setup instanceof RollyardError) return { item, prompt: [], problem: null };
  try {
    return { item, prompt: setup.promptFor(item), problem: null };
  } catch (error) {
    return { item, prompt: [], problem: toRollyardError(error) };
  }
}

async function itemOf(deps: DriveDeps, assignment: Assignment): Promise<JsonObject> {
  const { itemJson } = assignment;
  const text =
    itemJson === undefined ? "" : await loadText(deps.bus, requireRef(assignment).jobUid, itemJson);
  const item: unknown = JSON.parse(text);
  if (!isJsonObject(item)) throw new RollyardError("dataset_invalid");
  return item;
}
