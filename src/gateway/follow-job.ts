import type { LogStore, PageReader, StoredMessage } from "../bus/port.ts";
import type { StreamName } from "../bus/streams.ts";
import { loadRecord } from "../job/job-record.ts";
import type { JobRecord, RecordedJob } from "../job/job-record.ts";
import type { Clock } from "../lib/clock.ts";

/** What reading along a job's messages needs. */
export interface FollowDeps {
  readonly store: LogStore & PageReader;
  readonly clock: Pick<Clock, "sleep" | "monotonicMs">;
  /** Ends waiting: the reader has gone. */
  readonly signal: AbortSignal;
  /** Aborts when this process is to end: nothing more is waited for. */
  readonly draining: AbortSignal;
}

/** What is read: messages of one job in one stream. */
export interface FollowedJob extends RecordedJob {
  readonly stream: StreamName;
  readonly filter: string;
  /** Whether to wait for what comes until the job has ended. */
  readonly follow: boolean;
  /** The first sequence to read. */
  readonly from: number;
}

/** What a reader finds, in order; it ends with one that says why. */
export type Found =
  | { readonly kind: "messages"; readonly messages: readonly StoredMessage[] }
  | { readonly kind: "waiting" }
  /** Nothing more comes: `record` of the job as it was then; null before its start. */
  | { readonly kind: "end"; readonly record: JobRecord | null }
  | { readonly kind: "gone" }
  | { readonly kind: "draining" };

/** Between two looks: soon after something came, later the longer nothing does. */
const POLL_MS = 100;
const LONGEST_POLL_MS = 1000;
/** A replica that lacks what the leader has gets it in this order of time. */
const BEHIND_MS = 20;
/** Below what proxies and load balancers bear. */
const SILENCE_MS = 10_000;
/** Who waits for a job's beginning wants to know why. */
const UNBEGUN_SILENCE_MS = 2000;

/**
 * Reads a job's messages page by page: all that are there by the leader's word, and, following, what comes until its end was
 * recorded. A record is made before anything else of a job and removed with the last of it. Rejects with `bus_unavailable`.
 */
export async function* followJob(deps: FollowDeps, job: FollowedJob): AsyncGenerator<Found, void, undefined> {
  const { store, signal, draining } = deps;
  const pages = new Pages(deps, job);
  const quiet = new Quiet(deps);
  let wasBegun = false;
  while (!signal.aborted) {
    // In this order: what the record calls ended has all its messages in the stream by then.
    const record = (await loadRecord(store, job))?.record ?? null;
    if (record === null && wasBegun) return yield { kind: "gone" };
    wasBegun = record !== null;
    for await (const messages of pages.untilNow()) {
      yield { kind: "messages", messages };
      quiet.broken();
    }
    const last = pages.isLeft ? ({ kind: "draining" } as const) : lastWord(job, record, draining);
    if (last !== null) return yield last;
    if (quiet.isLong(wasBegun)) yield { kind: "waiting" };
    await quiet.pause();
  }
}

/** Reads the messages of a stream that are there now by the leader's word, page by page. Rejects with `bus_unavailable`. */
export function messagesUntilNow(
  deps: FollowDeps,
  read: { readonly stream: StreamName; readonly filter: string },
): AsyncGenerator<readonly StoredMessage[], void, undefined> {
  return new Pages(deps, { ...read, follow: false, from: 1 }).untilNow();
}

function lastWord({ follow }: FollowedJob, record: JobRecord | null, draining: AbortSignal): Found | null {
  const hasEnded = record !== null && record.endedAtMs !== null;
  if (hasEnded || !follow) return { kind: "end", record };
  return draining.aborted ? { kind: "draining" } : null;
}

/** The time in which nothing comes. */
class Quiet {
  readonly #clock: FollowDeps["clock"];
  readonly #stop: AbortSignal;
  #sinceMs: number;
  #pauseMs = POLL_MS;

  constructor({ clock, signal, draining }: FollowDeps) {
    this.#clock = clock;
    this.#stop = AbortSignal.any([signal, draining]);
    this.#sinceMs = clock.monotonicMs();
  }

  broken(): void {
    this.#sinceMs = this.#clock.monotonicMs();
    this.#pauseMs = POLL_MS;
  }

  /** Whether it is time for a word; it is one then. */
  isLong(wasBegun: boolean): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sinceMs < (wasBegun ? SILENCE_MS : UNBEGUN_SILENCE_MS)) return false;
    this.#sinceMs = nowMs;
    return true;
  }

  async pause(): Promise<void> {
    await this.#clock.sleep(this.#pauseMs, this.#stop);
    this.#pauseMs = Math.min(LONGEST_POLL_MS, this.#pauseMs * 2);
  }
}

type PagedStream = Omit<FollowedJob, keyof RecordedJob>;

/** Where a reader stands in a stream. */
class Pages {
  readonly #deps: FollowDeps;
  readonly #job: PagedStream;
  #next: number;
  /** Not all that is there was read, for this process is to end: another gateway gives the rest. */
  isLeft = false;

  constructor(deps: FollowDeps, job: PagedStream) {
    this.#deps = deps;
    this.#job = job;
    this.#next = job.from;
  }

  /** All that the leader has now and was not read yet; a replica that lacks some of it is asked again. */
  async *untilNow(): AsyncGenerator<readonly StoredMessage[], void, undefined> {
    const { store, clock, signal, draining } = this.#deps;
    const { stream, filter, follow } = this.#job;
    const upTo = (await store.readLast(stream, filter, { fromLeader: true }))?.sequence ?? 0;
    while (this.#next <= upTo && !signal.aborted) {
      const { messages } = await store.readPage(stream, filter, this.#next);
      const last = messages.at(-1);
      if (last === undefined) {
        // Or what was there was purged: whoever looks for the job's record next sees that.
        if ((await store.readLast(stream, filter, { fromLeader: true })) === null) return;
        await clock.sleep(BEHIND_MS, signal);
        continue;
      }
      this.#next = last.sequence + 1;
      yield messages;
      this.isLeft = follow && draining.aborted && this.#next <= upTo;
      if (this.isLeft) return;
    }
  }
}
