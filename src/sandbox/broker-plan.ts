import { PURPOSES } from "./purpose.ts";
import type { Purpose } from "./purpose.ts";

/** A claim that has no sandbox yet. */
export interface WaitingClaim {
  readonly key: string;
  readonly purpose: Purpose;
  readonly jobUid: string;
  /** Key of the template of the sandbox that it needs. */
  readonly pool: string;
  /** Arrival number: lower came first. */
  readonly order: number;
}

/** The sandboxes of one template that nobody holds. */
export interface PoolView {
  readonly key: string;
  readonly purpose: Purpose;
  readonly ready: number;
  readonly starting: number;
  /** How many shall be ready ahead of need. */
  readonly warm: number;
  /** How many starts the template's breaker lets through. */
  readonly startAllowance: number;
}

/** All that a plan depends on. */
export interface BrokerView {
  readonly waiting: readonly WaitingClaim[];
  readonly pools: readonly PoolView[];
  /** Agent sandboxes that each job holds now. */
  readonly heldByJob: ReadonlyMap<string, number>;
  /** Every sandbox that exists or is starting, held ones too. */
  readonly live: number;
  readonly maxStarting: number;
  readonly maxSandboxes: number;
  /** How many starts rate and room allow at this moment, over all templates. */
  readonly startAllowance: number;
}

/** What to do now. */
export interface BrokerPlan {
  /** Keys of the claims that get a ready sandbox of their pool, in this order. */
  readonly assign: readonly string[];
  /** How many sandboxes to start, by pool. */
  readonly start: ReadonlyMap<string, number>;
}

/**
 * Decides who gets the ready sandboxes and how many to start. Grade claims go first, or frozen sandboxes and the
 * graders that wait for them would block each other. Among agents the job that holds the fewest goes first; within a
 * job, first come first served. What is left of the starts keeps sandboxes warm.
 */
export function planBroker(view: BrokerView): BrokerPlan {
  const plan = new Planning(view);
  if (plan.isIdle) return plan;
  for (const purpose of PURPOSES) {
    const waiting = view.waiting.filter((claim) => claim.purpose === purpose);
    for (const claim of fairOrder(waiting, view.heldByJob, waiting.length)) plan.serve(claim);
    for (const pool of view.pools) if (pool.purpose === purpose) plan.warm(pool);
  }
  return plan;
}

/** What is left of a pool while a plan is made. */
interface PoolLeft {
  ready: number;
  starting: number;
  startAllowance: number;
}

class Planning implements BrokerPlan {
  readonly assign: string[] = [];
  readonly start = new Map<string, number>();
  readonly #pools: ReadonlyMap<string, PoolLeft>;
  /** The starts that are left to give. */
  #room: number;

  constructor(view: BrokerView) {
    this.#pools = new Map(view.pools.map((pool) => [pool.key, { ...pool }]));
    const starting = view.pools.reduce((sum, pool) => sum + pool.starting, 0);
    const room = Math.min(view.startAllowance, view.maxStarting - starting, view.maxSandboxes - view.live);
    this.#room = Math.max(0, Math.floor(room));
  }

  /** Whether there is nothing to give: no sandbox is ready, and none may be started. */
  get isIdle(): boolean {
    return this.#room === 0 && [...this.#pools.values()].every(({ ready }) => ready === 0);
  }

  serve(claim: WaitingClaim): void {
    const left = this.#pools.get(claim.pool);
    if (left === undefined) return;
    if (left.ready > 0) {
      left.ready -= 1;
      this.assign.push(claim.key);
    } else if (left.starting > 0) left.starting -= 1;
    else this.#begin(claim.pool, left, 1);
  }

  warm({ key, warm }: PoolView): void {
    const left = this.#pools.get(key);
    if (left !== undefined) this.#begin(key, left, warm - left.ready - left.starting);
  }

  #begin(key: string, left: PoolLeft, wanted: number): void {
    const count = Math.min(wanted, left.startAllowance, this.#room);
    if (count <= 0) return;
    left.startAllowance -= count;
    this.#room -= count;
    this.start.set(key, (this.start.get(key) ?? 0) + count);
  }
}
/** The first `count` claims: always the oldest of the job that holds the fewest, ties to the older claim. */
export function fairOrder(
  waiting: readonly WaitingClaim[],
  heldByJob: ReadonlyMap<string, number>,
  count: number,
): readonly WaitingClaim[] {
  const ordered = sorted(waiting);
  const [first] = ordered;
  if (ordered.every(({ jobUid }) => jobUid === first?.jobUid)) return ordered.slice(0, count);
  const queues = [...Map.groupBy(ordered, (claim) => claim.jobUid).entries()].map(([jobUid, claims]) => ({
    claims,
    held: heldByJob.get(jobUid) ?? 0,
    next: 0,
  }));
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
