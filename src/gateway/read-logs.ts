import type { LogStore, StoredMessage } from "../bus/port.ts";
import { loadText } from "../bus/text.ts";
import type { RecordedJob } from "../job/job-record.ts";
import { decodeLogMessage } from "../rollout/log-message.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import { eventTexts } from "../rollout/event-texts.ts";
import { parseRolloutPlace } from "../rollout/ids.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import { followJob } from "./follow-job.ts";
import type { FollowDeps } from "./follow-job.ts";
import { lastLine } from "./last-line.ts";
import { eventLine } from "./log-lines.ts";
import type { LogLine } from "./log-lines.ts";

/**
 * Positions of events within one message that a cursor can tell apart. A reader that is cut off between two events of a message
 * goes on with the second.
 */
const PLACES = 4096;

/** What is asked for. */
export interface LogsQuery {
  readonly follow: boolean;
  /** Cursor of the last line that the reader has; 0 for none. */
  readonly after: number;
  /** One rollout; null for all of the job, in the order in which their events were stored. */
  readonly rollout: RolloutPlace | null;
  /** Whether what prompts, models and tools said is wanted. */
  readonly texts: boolean;
}

/**
 * The events of a job's rollouts, in stored order. Rejects with `bus_unavailable`, or `log_corrupt` for what this version
 * can't read.
 */
export async function* readLogs(
  deps: FollowDeps,
  job: RecordedJob,
  query: LogsQuery,
): AsyncGenerator<LogLine, void, undefined> {
  const { rollout, follow, after } = query;
  const token = rollout === null ? "*" : `${rollout.itemIndex}-${rollout.sampleIndex}`;
  const filter = `rollyard.events.${job.namespace}.${job.jobUid}.${token}`;
  const from = Math.floor(after / PLACES) + 1;
  for await (const found of followJob(deps, { ...job, stream: "events", filter, follow, from })) {
    if (found.kind !== "messages") {
      yield lastLine(found);
      continue;
    }
    for (const message of found.messages) {
      const seen = message.sequence === from ? after % PLACES : 0;
      yield* linesOf(deps.store, job, { message, seen, texts: query.texts });
    }
  }
}

interface MessagePart {
  readonly message: StoredMessage;
  /** How many of its events the reader has. */
  readonly seen: number;
  readonly texts: boolean;
}

/** Nothing of a message that no writer of ours made. */
async function* linesOf(
  store: LogStore,
  { jobUid }: RecordedJob,
  { message, seen, texts }: MessagePart,
): AsyncGenerator<LogLine, void, undefined> {
  const place = parseRolloutPlace(message.subject.split(".").at(-1) ?? "");
  const { events, attempt, sequence } = decodeLogMessage(message);
  if (place === null || events === null) return;
  for (const [index, event] of events.entries()) {
    if (index < seen) continue;
    if (texts) await fetchTexts(store, jobUid, event);
    const cursor = cursorOf(sequence, { index, isLast: index + 1 === events.length });
    const line = eventLine(event, { ...place, cursor, attempt }, texts);
    if (line !== null) yield line;
  }
}

/** Puts into an event what was too long for its message. */
async function fetchTexts(store: LogStore, jobUid: string, event: RolloutEvent): Promise<void> {
  for (const text of eventTexts(event)) {
    if (text.place.case === "blob")
      text.place = { case: "inline", value: await loadText(store, jobUid, text) };
  }
}

/** Behind an event; behind the last of a message that is behind the message. */
function cursorOf(
  sequence: number,
  { index, isLast }: { readonly index: number; readonly isLast: boolean },
): number {
  return isLast ? sequence * PLACES : (sequence - 1) * PLACES + Math.min(index + 1, PLACES - 1);
}
