import type { Bus } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import type { Assignment } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { applyEvent, openAttempt } from "./apply-event.ts";
import { isHeld } from "./ask-driver.ts";
import { AttachedLog } from "./attached-log.ts";
import { refRolloutId, requireRef } from "./attempt-ref.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { EMPTY_DIGEST } from "./digest.ts";
import { EventAppender } from "./event-appender.ts";
import { newEvent } from "./events.ts";
import type { RolloutEvent } from "./events.ts";
import type { IdSource } from "./ids.ts";
import type { CompanyStay } from "./company-stay.ts";
import { readRolloutFromLeader } from "./read-rollout.ts";
import type { ReconnectPause } from "./reconnect-pause.ts";
import { rolloutStarted } from "./rollout-started.ts";
import type { AttemptContent } from "./rollout-started.ts";
import type { AttemptState, RolloutState } from "./state.ts";
import { SUSPECT_FROM } from "./worker-company.ts";
import { decideTakeover } from "./takeover.ts";
import type { Takeover } from "./takeover.ts";

/** What attaching needs of the world. */
export interface AttachDeps {
  readonly bus: Pick<Bus, "publish" | "read" | "readLast" | "request">;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** This worker's id. */
  readonly worker: string;
  readonly signal: AbortSignal;
  /** Drain: begin nothing any more. */
  readonly drain: AbortSignal;
  readonly reconnects: Pick<ReconnectPause, "over">;
  /** This rollout's place among the worker's suspects; left at its first new turn. */
  readonly probation: CompanyStay;
  /** Called once when another driver takes the log over. */
  readonly onFenced: () => void;
}

/** How attaching ended. */
export type Attachment =
  | { readonly kind: "attached"; readonly log: AttachedLog; readonly poison: Poison | null }
  /** Sealed before: close it. */
  | { readonly kind: "sealed"; readonly attempt: AttemptState; readonly lastSequence: number }
  /** Another driver holds it: drop the delivery. */
  | { readonly kind: "held" }
  | { readonly kind: "obsolete" }
  /** This worker leaves before it had its turn: another may take it now. */
  | { readonly kind: "left" };

/** What speaks against a rollout that ends its workers. */
export interface Poison {
  readonly attaches: number;
  /** The driver that ended last. */
  readonly lastDriver: string;
}

/**
 * Makes this worker the attempt's one driver, or says why not. A conflict while attaching reads again from the
 * leader and decides again. Rejects with `bus_unavailable` when the log can't be read, or `log_corrupt`.
 */
export async function attachToRollout(
  deps: AttachDeps,
  assignment: Assignment,
  content: () => Promise<AttemptContent>,
): Promise<Attachment> {
  const ref = requireRef(assignment);
  const leaving = AbortSignal.any([deps.signal, deps.drain]);
  let asked: string | null = null;
  while (!leaving.aborted) {
    const state = warnOfVoid(deps, ref, await readRolloutFromLeader(deps, ref));
    const takeover = decideTakeover(state, ref.attempt, { worker: deps.worker, asked });
    if (await hasWaited(deps, takeover, leaving)) {
      // Time has passed: look again, and ask again, before anything is decided.
      asked = null;
      continue;
    }
    if (leaving.aborted) break;
    if (takeover.kind === "ask") {
      if (await isHeld(deps, takeover.driver, ref)) return { kind: "held" };
      asked = takeover.driver;
      continue;
    }
    const attachment = await actOn(deps, { assignment, state, takeover, content });
    if (attachment !== null) return attachment;
  }
  return { kind: "left" };
}

/** Waits for what a takeover waits for: other drivers' return after an outage, a suspect for its place in the lane. */
async function hasWaited(deps: AttachDeps, takeover: Takeover, leaving: AbortSignal): Promise<boolean> {
  if (takeover.kind === "ask") return deps.reconnects.over(leaving);
  const deaths = takeover.kind === "attach" ? takeover.attempt.attachesSinceTurn : 0;
  if (deaths < SUSPECT_FROM || deps.probation.isFor(deaths)) return false;
  return deps.probation.enter(deaths, leaving);
}

/** A message that no driver wrote harms nothing, but something writes where it must not. */
function warnOfVoid({ logger }: AttachDeps, ref: AttemptRef, state: RolloutState): RolloutState {
  const { voidMessages } = state;
  if (voidMessages > 0) {
    logger.warn("event log holds messages of no driver", { rollout: refRolloutId(ref), void: voidMessages });
  }
  return state;
}

interface Found {
  readonly assignment: Assignment;
  readonly state: RolloutState;
  readonly takeover: Exclude<Takeover, { kind: "ask" }>;
  readonly content: () => Promise<AttemptContent>;
}

async function actOn(deps: AttachDeps, found: Found): Promise<Attachment | null> {
  const { takeover, state } = found;
  switch (takeover.kind) {
    case "obsolete":
      return { kind: "obsolete" };
    case "close":
      return { kind: "sealed", attempt: takeover.attempt, lastSequence: state.lastSequence };
    case "start":
      return append(deps, found, await opening(deps, found));
    case "attach":
    case "poison":
      return append(deps, found, []);
    default:
      return takeover satisfies never;
  }
}

async function opening(deps: AttachDeps, found: Found): Promise<readonly RolloutEvent[]> {
  const { assignment } = found;
  const { policyVersion, dispatchedAtMs } = assignment;
  const content = await found.content();
  const started = rolloutStarted(requireRef(assignment), { ...content, policyVersion, dispatchedAtMs });
  return [newEvent(deps.clock.nowMs(), started)];
}

/** Appends `driver.attached` (after `rollout.started` when it opens); null when somebody else was first. */
async function append(
  deps: AttachDeps,
  found: Found,
  opens: readonly RolloutEvent[],
): Promise<Attachment | null> {
  const { state, takeover, assignment } = found;
  const ref = requireRef(assignment);
  const nonce = deps.ids.nonce();
  const isOpening = takeover.kind === "start";
  let isAttached = false;
  const onFenced = (): void => {
    // Losing the race to attach is no loss of anything held.
    if (isAttached) deps.onFenced();
  };
  const appender = new EventAppender(
    { store: deps.bus, clock: deps.clock, signal: deps.signal, onFenced },
    {
      subject: eventsSubject(ref),
      jobUid: ref.jobUid,
      nonce,
      position: isOpening
        ? { attempt: ref.attempt, messages: 0, digest: EMPTY_DIGEST }
        : { attempt: ref.attempt, messages: state.messages, digest: state.digest },
      lastSequence: state.lastSequence,
    },
  );
  const attached = newEvent(deps.clock.nowMs(), {
    case: "driverAttached",
    value: { driver: deps.worker, nonce },
  });
  const events = [...opens, attached];
  try {
    const epoch = await appender.append(events);
    isAttached = true;
    const attempt = attemptAfter(takeover, events, epoch);
    // It was suspected for what came before a record, and is on record now.
    if (attempt.attachesSinceTurn <= SUSPECT_FROM) deps.probation.leave();
    const onTurn = (): void => deps.probation.leave();
    const log = new AttachedLog({ appender, clock: deps.clock, attempt, epoch, onTurn });
    return { kind: "attached", log, poison: takeover.kind === "poison" ? poisonOf(takeover.attempt) : null };
  } catch (error) {
    if (error instanceof RollyardError && error.code === "log_conflict" && !deps.signal.aborted) return null;
    throw error;
  }
}

function poisonOf({ attachesSinceTurn, driver }: AttemptState): Poison {
  return { attaches: attachesSinceTurn, lastDriver: driver?.id ?? "none" };
}

function attemptAfter(
  takeover: Found["takeover"],
  events: readonly RolloutEvent[],
  epoch: number,
): AttemptState {
  const [first, ...rest] = events;
  if (takeover.kind === "attach" || takeover.kind === "poison") {
    return events.reduce((attempt, event) => applyEvent(attempt, event, epoch), takeover.attempt);
  }
  if (first?.kind.case !== "rolloutStarted") throw new RollyardError("internal");
  const opened = openAttempt(first.kind.value, first.atMs);
  return rest.reduce((attempt, event) => applyEvent(attempt, event, epoch), opened);
}
