import type { StoredMessage } from "../bus/port.ts";
import { HEADERS } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import { sealOfEvent } from "../rollout/apply-event.ts";
import type { AttemptRef } from "../rollout/attempt-ref.ts";
import { EMPTY_DIGEST } from "../rollout/digest.ts";
import { decodeLogMessage } from "../rollout/log-message.ts";
import type { LogPosition } from "../rollout/log-message.ts";
import { readRolloutFromLeader } from "../rollout/read-rollout.ts";
import type { LeaderReadDeps } from "../rollout/read-rollout.ts";
import type { AttemptState, Seal } from "../rollout/state.ts";

/** Where a rollout's log stands for whoever ends one of its attempts. */
export interface LogEnd {
  /** The log's last attempt; -1 of an empty log. */
  readonly lastAttempt: number;
  /** How the attempt that was asked for is sealed; null when it is not, or the log does not have it. */
  readonly seal: Seal | null;
  /** What the last attempt's next message follows. */
  readonly position: LogPosition;
  readonly lastSequence: number;
  /** The attempt that was asked for; null when the log does not have it, or was not read so far. */
  readonly attempt: AttemptState | null;
}

/** Reads it, not older than what the leader has. Rejects with `bus_unavailable`, or `log_corrupt`. */
export type ReadLogEnd = (deps: LeaderReadDeps, ref: AttemptRef) => Promise<LogEnd>;

/** By the whole log, folded and checked. */
export const readWholeLog: ReadLogEnd = async (deps, ref) => {
  const { attempts, messages, digest, lastSequence } = await readRolloutFromLeader(deps, ref);
  const attempt = attempts.findLast((candidate) => candidate.attempt === ref.attempt) ?? null;
  const lastAttempt = attempts.at(-1)?.attempt ?? -1;
  const position = { attempt: lastAttempt, messages, digest };
  return { lastAttempt, seal: attempt?.seal ?? null, position, lastSequence, attempt };
};

/** By the last message alone, for a log that nobody survives, or manages, to read. */
export const readLastMessage: ReadLogEnd = async (deps, ref) => {
  const subject = eventsSubject(ref);
  const last = await deps.bus.readLast("events", subject, { fromLeader: true });
  const message = last === null || isOfDriver(last) ? last : await lastOfDriver(deps, subject);
  const lastSequence = last?.sequence ?? 0;
  if (message === null) {
    const position = { attempt: -1, messages: 0, digest: EMPTY_DIGEST };
    return { lastAttempt: -1, seal: null, position, lastSequence, attempt: null };
  }
  const { attempt: lastAttempt, number, digest, events } = decodeLogMessage(message);
  const seals = lastAttempt === ref.attempt ? (events ?? []).map(sealOfEvent) : [];
  const seal = seals.findLast((found) => found !== null) ?? null;
  const position = { attempt: lastAttempt, messages: number, digest };
  return { lastAttempt, seal, position, lastSequence, attempt: null };
};

function isOfDriver({ headers }: StoredMessage): boolean {
  return headers[HEADERS.append] !== undefined;
}

/** The last one that is not void; none of the others is decoded. */
async function lastOfDriver({ bus }: LeaderReadDeps, subject: string): Promise<StoredMessage | null> {
  return (await bus.read("events", subject)).findLast(isOfDriver) ?? null;
}
