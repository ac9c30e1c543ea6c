/** A job's uid that the streams know, and the namespace in whose subjects it stands. */
export interface FoundUid {
  readonly namespace: string;
  readonly jobUid: string;
}

/** What is to be swept now, and since when what stays has been unknown. */
export interface SweepPlan {
  /** Names, as they were found. */
  readonly sweep: readonly string[];
  /** Monotonic milliseconds by name. */
  readonly unknownSince: ReadonlyMap<string, number>;
}

/** A job that is made now has its records before any list shows it; what is unknown for so long has no object. */
const UNKNOWN_MS = 3_600_000;

/**
 * Decides which of the names that were found, uids or hashes, belong to nothing any more: those that did at no look for an hour.
 * One whose owner appears in between starts anew. Pure.
 */
export function planSweep(
  found: Iterable<string>,
  isLive: (name: string) => boolean,
  look: { readonly unknownSince: ReadonlyMap<string, number>; readonly nowMs: number },
): SweepPlan {
  const unknownSince = new Map<string, number>();
  const sweep: string[] = [];
  for (const name of found) {
    if (isLive(name)) continue;
    const sinceMs = look.unknownSince.get(name) ?? look.nowMs;
    if (look.nowMs - sinceMs >= UNKNOWN_MS) sweep.push(name);
    else unknownSince.set(name, sinceMs);
  }
  return { sweep, unknownSince };
}

/** Places of namespace and job in the subjects that have both. */
const PATTERNS = [
  /^rollyard\.work\.[a-z]+\.([^.]+)\.([0-9a-f]{12})\./u,
  /^rollyard\.(?:events|outcomes)\.([^.]+)\.([0-9a-f]{12})\./u,
  /^\$KV\.rollyard-specs\.jobs\.([^.]+)\.([0-9a-f]{12})$/u,
];

/** The jobs that subjects name, each once. Pure. */
export function uidsIn(subjects: Iterable<string>): readonly FoundUid[] {
  const found = new Map<string, FoundUid>();
  for (const subject of subjects) {
    for (const pattern of PATTERNS) {
      const [, namespace, jobUid] = pattern.exec(subject) ?? [];
      if (namespace !== undefined && jobUid !== undefined) found.set(jobUid, { namespace, jobUid });
    }
  }
  return [...found.values()];
}
