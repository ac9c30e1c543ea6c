/** A job as sharing sees it. */
export interface SharingJob {
  /** Names the job; unique. */
  readonly key: string;
  readonly namespace: string;
  /** Higher goes first within its namespace. */
  readonly priority: number;
  /** The model endpoint that its rollouts call. */
  readonly endpoint: string;
  /** Rollouts that hold a worker's slot, or wait for one. */
  readonly active: number;
  /** Rollouts that it would dispatch now if it were alone. */
  readonly wanted: number;
}

/** What all jobs of a namespace have together. */
export interface NamespaceShare {
  /** Its part of the slots against that of others. */
  readonly weight: number;
  /** Most rollouts active at once. */
  readonly maxActive: number;
}

/** What jobs share, and by what rules. */
export interface SharedLimits {
  /** Slots of all workers; null while none was heard of: then nothing is dispatched. */
  readonly slots: number | null;
  readonly namespaces: ReadonlyMap<string, NamespaceShare>;
  /** Most rollouts active at once by model endpoint. */
  readonly endpoints: ReadonlyMap<string, number>;
}

/** Of a namespace that the configuration does not name. */
const COMMON_SHARE: NamespaceShare = { weight: 1, maxActive: Number.POSITIVE_INFINITY };
/** Work that waits untaken, by free slot: a slot that is freed finds work, and no job stands behind another's heap. */
const WORK_A_FREE_SLOT = 1.2;

/**
 * How many rollouts each job may dispatch now. One after the other goes to the namespace with the least active rollouts
 * for its weight, there to the job of the highest priority, and among equals to the one with the least active. Nothing
 * that is active is taken back, so a job that comes late gets what others free until it has its part. Jobs that get
 * nothing are left out. Pure.
 */
export function fairShare(jobs: readonly SharingJob[], limits: SharedLimits): ReadonlyMap<string, number> {
  const shares = new Shares(jobs, limits);
  for (let room = roomFor(jobs, limits.slots); room > 0; room -= 1) {
    if (!shares.grantOne()) break;
  }
  return shares.granted;
}

function roomFor(jobs: readonly SharingJob[], slots: number | null): number {
  const active = jobs.reduce((sum, job) => sum + job.active, 0);
  return Math.floor(Math.max(0, (slots ?? 0) - active) * WORK_A_FREE_SLOT);
}

class Shares {
  readonly granted = new Map<string, number>();
  readonly #limits: SharedLimits;
  /** By namespace, the jobs that want something. */
  readonly #wanting = new Map<string, SharingJob[]>();
  readonly #activeIn = new Map<string, number>();
  readonly #activeAt = new Map<string, number>();

  constructor(jobs: readonly SharingJob[], limits: SharedLimits) {
    this.#limits = limits;
    for (const job of jobs) {
      add(this.#activeIn, job.namespace, job.active);
      add(this.#activeAt, job.endpoint, job.active);
      if (job.wanted <= 0) continue;
      const wanting = this.#wanting.get(job.namespace);
      if (wanting === undefined) this.#wanting.set(job.namespace, [job]);
      else wanting.push(job);
    }
  }

  /** False when nobody can use another one. */
  grantOne(): boolean {
    const job = this.#next();
    if (job === null) return false;
    add(this.granted, job.key, 1);
    add(this.#activeIn, job.namespace, 1);
    add(this.#activeAt, job.endpoint, 1);
    return true;
  }

  #next(): SharingJob | null {
    let best: { readonly job: SharingJob; readonly load: number } | null = null;
    for (const [namespace, jobs] of this.#wanting) {
      const { weight, maxActive } = this.#limits.namespaces.get(namespace) ?? COMMON_SHARE;
      const active = this.#activeIn.get(namespace) ?? 0;
      const load = active / weight;
      if (active >= maxActive || (best !== null && best.load <= load)) continue;
      const job = this.#neediest(jobs);
      if (job !== null) best = { job, load };
    }
    return best?.job ?? null;
  }

  #neediest(jobs: readonly SharingJob[]): SharingJob | null {
    let best: SharingJob | null = null;
    for (const job of jobs) {
      if (!this.#canUseMore(job)) continue;
      if (best === null || isNeedier(this.#after(job), this.#after(best))) best = job;
    }
    return best;
  }

  #canUseMore({ key, endpoint, wanted }: SharingJob): boolean {
    const most = this.#limits.endpoints.get(endpoint) ?? Number.POSITIVE_INFINITY;
    return (this.granted.get(key) ?? 0) < wanted && (this.#activeAt.get(endpoint) ?? 0) < most;
  }

  #after({ key, priority, active }: SharingJob): { readonly priority: number; readonly active: number } {
    return { priority, active: active + (this.granted.get(key) ?? 0) };
  }
}

function isNeedier(
  left: { readonly priority: number; readonly active: number },
  right: { readonly priority: number; readonly active: number },
): boolean {
  return left.priority === right.priority ? left.active < right.active : left.priority > right.priority;
}

function add(sums: Map<string, number>, name: string, amount: number): void {
  sums.set(name, (sums.get(name) ?? 0) + amount);
}
