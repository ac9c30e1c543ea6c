import type { FetchDataset } from "../../config/fetch-dataset.ts";

/** A download that a job waits for. */
export interface Download {
  /** Uid of the job's object. */
  readonly job: string;
  readonly namespace: string;
  readonly url: string;
  readonly sha256: string;
}

/** What is there: the download's end, or nothing yet. */
export type Downloaded =
  | { readonly kind: "under_way" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly error: unknown };

/** Datasets are held in memory whole until their job takes them. */
const MOST_AT_ONCE = 4;

/**
 * Downloads beside everything else, so that a slow server keeps no other job waiting: a few at once, and one at a time for
 * a namespace.
 */
export class DatasetDownloads {
  readonly #fetch: FetchDataset;
  /** Told when a job's download has ended. */
  readonly #onEnd: (job: string) => void;
  readonly #waiting = new Map<string, Download>();
  readonly #running = new Map<string, Download>();
  readonly #ended = new Map<string, Downloaded>();
  /** Those of the ended that a look has passed by. */
  readonly #offered = new Set<string>();
  /** Running ones whose job has gone. */
  readonly #unwanted = new Set<string>();

  constructor(fetch: FetchDataset, onEnd: (job: string) => void) {
    this.#fetch = fetch;
    this.#onEnd = onEnd;
  }

  /** The end of the job's download, once; begins one where there is none. */
  take(download: Download): Downloaded {
    const { job } = download;
    const ended = this.#ended.get(job);
    if (ended !== undefined) {
      this.#dropEnd(job);
      return ended;
    }
    if (!this.#running.has(job)) this.#waiting.set(job, download);
    this.#startMore();
    return { kind: "under_way" };
  }

  /** The job was looked at. One that had its chance to take what has ended has it kept no longer. */
  looked(job: string): void {
    if (!this.#ended.has(job)) return;
    // An end that came in the middle of a look is for the next one.
    if (this.#offered.has(job)) this.#dropEnd(job);
    else this.#offered.add(job);
  }

  /** The job is gone. What is under way for it ends by itself. */
  forget(job: string): void {
    this.#waiting.delete(job);
    this.#dropEnd(job);
    if (this.#running.has(job)) this.#unwanted.add(job);
  }

  #dropEnd(job: string): void {
    this.#ended.delete(job);
    this.#offered.delete(job);
  }

  #startMore(): void {
    for (const download of this.#waiting.values()) {
      if (this.#running.size >= MOST_AT_ONCE) return;
      const isBusy = [...this.#running.values()].some(({ namespace }) => namespace === download.namespace);
      if (!isBusy) void this.#run(download);
    }
  }

  async #run(download: Download): Promise<void> {
    const { job, url, sha256 } = download;
    this.#waiting.delete(job);
    this.#running.set(job, download);
    const end = await this.#fetch(url, sha256).then(
      (bytes): Downloaded => ({ kind: "bytes", bytes }),
      (error: unknown): Downloaded => ({ kind: "failed", error }),
    );
    this.#running.delete(job);
    if (!this.#unwanted.delete(job)) {
      this.#ended.set(job, end);
      this.#onEnd(job);
    }
    this.#startMore();
  }
}
