import { PURPOSES } from "./purpose.ts";
import type { Purpose } from "./purpose.ts";

/** A claim that has no sandbox yet. */
export interface WaitingClaim {
  readonly key: string;
  readonly purpose: Purpose;
  readonly jobUid: string;
  /** Arrival number: lower came first. */
  readonly order: number;
}

/** The sandboxes of one purpose that nobody holds. */
export interface PoolView {
  readonly ready: number;
  readonly starting: number;
  /** How many shall be ready ahead of need. */
  readonly warm: number;
}

/** All that a plan depends on. */
export interface BrokerView {
  readonly waiting: readonly WaitingClaim[];
  readonly pools: Readonly<Record<Purpose, PoolView>>;
  /** Agent sandboxes that each job holds now. */
  readonly heldByJob: ReadonlyMap<string, number>;
  /** Every sandbox that exists or is starting, held ones too. */
  readonly live: number;
  readonly maxStarting: number;
  readonly maxSandboxes: number;
  /** How many starts rate and breaker allow at this moment. */
  readonly startAllowance: number;
}

/** What to do now. */
export interface BrokerPlan {
  /** Keys of the claims that get a ready sandbox of their purpose, in this order. */
  readonly assign: readonly string[];
  /** How many sandboxes to start. */
  readonly start: Readonly<Record<Purpose, number>>;
}

/**
 * Decides who gets the ready sandboxes and how many to start. Grade claims go first, or frozen sandboxes and the
 * graders that wait for them would block each other. Among agents the job that holds the fewest goes first; within a
 * job, first come first served.
 */
export function planBroker(view: BrokerView): BrokerPlan {
  const starts = startRoom(view);
  const plans = PURPOSES.map((purpose) => planPurpose(view, purpose, starts));
  const [grade = 0, agent = 0] = plans.map((plan) => plan.start);
  return { assign: plans.flatMap((plan) => plan.assign), start: { grade, agent } };
}

/** The starts that are left to give; each purpose takes its part in turn. */
interface StartRoom {
  left: number;
}

function startRoom(view: BrokerView): StartRoom {
  const starting = view.pools.grade.starting + view.pools.agent.starting;
  const left = Math.min(view.startAllowance, view.maxStarting - starting, view.maxSandboxes - view.live);
  return { left: Math.max(0, Math.floor(left)) };
}

function planPurpose(
  view: BrokerView,
  purpose: Purpose,
  room: StartRoom,
): { readonly assign: readonly string[]; readonly start: number } {
  const pool = view.pools[purpose];
  const waiting = view.waiting.filter((claim) => claim.purpose === purpose);
  const assign = fairOrder(waiting, view.heldByJob, pool.ready).map((claim) => claim.key);
  const missing = waiting.length + pool.warm - pool.ready - pool.starting;
  const start = Math.min(room.left, Math.max(0, missing));
  room.left -= start;
  return { assign, start };
}

/** The first `count` claims: always the oldest of the job that holds the fewest, ties to the older claim. */
export function fairOrder(
  waiting: readonly WaitingClaim[],
  heldByJob: ReadonlyMap<string, number>,
  count: number,
): readonly WaitingClaim[] {
  const queues = [...Map.groupBy(sorted(waiting), (claim) => claim.jobUid).entries()].map(
    ([jobUid, claims]) => ({ claims, held: heldByJob.get(jobUid) ?? 0, next: 0 }),
  );
  const chosen: WaitingClaim[] = [];
  while (chosen.length < count) {
    const queue = leastServed(queues.filter((candidate) => candidate.next < candidate.claims.length));
    const claim = queue?.claims[queue.next];
    if (queue === undefined || claim === undefined) break;
    chosen.push(claim);
    queue.next += 1;
    queue.held += 1;
  }
  return chosen;
}

interface JobQueue {
  readonly claims: readonly WaitingClaim[];
  held: number;
  next: number;
}

function leastServed(queues: readonly JobQueue[]): JobQueue | undefined {
  return queues.reduce<JobQueue | undefined>(
    (best, queue) => (best === undefined || isBefore(queue, best) ? queue : best),
    undefined,
  );
}

function isBefore(queue: JobQueue, other: JobQueue): boolean {
  if (queue.held !== other.held) return queue.held < other.held;
  return headOrder(queue) < headOrder(other);
}

function headOrder(queue: JobQueue): number {
  return queue.claims[queue.next]?.order ?? Number.POSITIVE_INFINITY;
}

function sorted(claims: readonly WaitingClaim[]): readonly WaitingClaim[] {
  return claims.toSorted((left, right) => left.order - right.order);
}
