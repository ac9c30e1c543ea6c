import { decodeStored } from "../bus/envelope.ts";
import type { LogStore, StoredMessage } from "../bus/port.ts";
import { eventsSubject, outcomesSubject } from "../bus/subjects.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef, Outcome } from "../gen/rollyard/v1/work_pb.ts";
import type { OutcomeSummary } from "../job/outcome-summary.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { refRolloutId } from "../rollout/attempt-ref.ts";
import { readRollout } from "../rollout/read-rollout.ts";
import type { AttemptState, RolloutState } from "../rollout/state.ts";

/** What an attempt's records are made from. */
export interface EndedAttempt {
  readonly outcome: Outcome;
  /** The folded log; null when the attempt never began, or its log does not fold or was lost. */
  readonly attempt: AttemptState | null;
}

/** Where attempts are read from. */
export interface AttemptReaderOptions {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly job: { readonly namespace: string; readonly jobUid: string };
  /** Ends waiting; a read under way then rejects. */
  readonly signal: AbortSignal;
}

const GONE = Symbol("gone");
const RETRY_MS = 500;
/** How often the leader must say so until a log counts as lost: what a power cut took behind the outcome. */
const LOST_AFTER_READS = 4;

/** Reads ended attempts off the bus. It waits out an outage of the bus and replicas that lag. */
export class AttemptReader {
  readonly #options: AttemptReaderOptions;

  constructor(options: AttemptReaderOptions) {
    this.#options = options;
  }

  /** Reads one. Rejects with `log_corrupt` for an outcome that can't be decoded. */
  async read(summary: OutcomeSummary): Promise<EndedAttempt> {
    const outcome = await this.#outcome(summary);
    return { outcome, attempt: await this.#attempt(outcome) };
  }

  /** Reads one where outcomes may be removed meanwhile; null for one that was. Rejects as `read` does. */
  async readUnlessGone(summary: OutcomeSummary): Promise<EndedAttempt | null> {
    const found = await this.#until(
      async () => (await this.#stored(summary)) ?? ((await this.#isGone(summary)) ? GONE : null),
    );
    if (found === GONE) return null;
    const outcome = decodeStored(OutcomeSchema, found.payload);
    const attempt = await this.#attempt(outcome);
    // Its log goes first.
    return attempt === null && (await this.#isGone(summary)) ? null : { outcome, attempt };
  }

  async #isGone({ place }: OutcomeSummary): Promise<boolean> {
    const { store, job } = this.#options;
    return (
      (await store.readLast("outcomes", outcomesSubject({ ...job, ...place }), { fromLeader: true })) === null
    );
  }

  async #outcome(summary: OutcomeSummary): Promise<Outcome> {
    const stored = await this.#until(() => this.#stored(summary));
    return decodeStored(OutcomeSchema, stored.payload);
  }

  async #stored({ place, sequence }: OutcomeSummary): Promise<StoredMessage | null> {
    const { store, job } = this.#options;
    const subject = outcomesSubject({ ...job, ...place });
    const isIt = (message: StoredMessage): boolean => message.sequence === sequence;
    const last = await store.readLast("outcomes", subject);
    if (last !== null && isIt(last)) return last;
    // An earlier attempt's, or a replica that lags: the message was seen, so it will be there.
    return (await store.read("outcomes", subject)).find(isIt) ?? null;
  }

  async #attempt({ ref, lastSeq }: Outcome): Promise<AttemptState | null> {
    if (ref === undefined || lastSeq === 0n) return null;
    try {
      const state = await this.#log(ref, Number(lastSeq));
      return state.attempts.find(({ attempt }) => attempt === ref.attempt) ?? null;
    } catch (error) {
      if (!(error instanceof RollyardError) || error.code !== "log_corrupt") throw error;
      const rollout = refRolloutId(ref);
      this.#options.logger.warn("a log does not fold; its trajectory is left out", {
        rollout,
        ...error.details,
      });
      return null;
    }
  }

  /** The log up to the sequence that its outcome names. Rejects with `log_corrupt`, also when that is gone. */
  #log(ref: AttemptRef, lastSequence: number): Promise<RolloutState> {
    const { store } = this.#options;
    let missed = 0;
    return this.#until(async () => {
      const read = await readRollout(store, ref);
      if (isVisible(read, lastSequence)) return read;
      const last = await store.readLast("events", eventsSubject(ref), { fromLeader: true });
      missed += (last?.sequence ?? 0) < lastSequence ? 1 : 0;
      if (missed < LOST_AFTER_READS) return null;
      throw new RollyardError("log_corrupt", { details: { missing_from: (last?.sequence ?? 0) + 1 } });
    });
  }

  /** Tries until there is something to return. */
  async #until<T>(read: () => Promise<T | null>): Promise<T> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      const found = await orNullWhileUnavailable(read);
      if (found !== null) return found;
      await clock.sleep(RETRY_MS, signal);
    }
    throw new RollyardError("bus_unavailable");
  }
}

function isVisible({ lastSequence }: RolloutState, wanted: number): boolean {
  return lastSequence >= wanted;
}

async function orNullWhileUnavailable<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RollyardError && error.code === "bus_unavailable") return null;
    throw error;
  }
}
