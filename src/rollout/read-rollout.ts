import { fromBinary } from "@bufbuild/protobuf";
import { getBlob } from "../bus/blobs.ts";
import type { LogStore } from "../bus/port.ts";
import { blobOwner, eventsSubject } from "../bus/subjects.ts";
import type { RolloutSubjectParts } from "../bus/subjects.ts";
import { loadText } from "../bus/text.ts";
import { TokenRecordSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { TurnSampled } from "../gen/rollyard/v1/events_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { eventTexts } from "./event-texts.ts";
import { foldRollout } from "./fold.ts";
import { decodeLogMessage } from "./log-message.ts";
import type { LogMessage } from "./log-message.ts";
import type { RolloutState } from "./state.ts";

/**
 * Reads and folds a rollout's log. Direct reads may lag behind on replicas: a caller that knows how far the log
 * reaches compares `lastSequence`. Messages after `throughSequence` are left out.
 * Rejects with `bus_unavailable`, or `log_corrupt` when count or digest are wrong.
 */
export async function readRollout(
  store: LogStore,
  parts: RolloutSubjectParts,
  options: { readonly throughSequence?: number } = {},
): Promise<RolloutState> {
  const through = options.throughSequence ?? Infinity;
  const stored = await store.read("events", eventsSubject(parts));
  const messages = stored.filter((message) => message.sequence <= through).map(decodeLogMessage);
  await Promise.all(messages.map((message) => fetchBlobs(store, blobOwner(parts), message)));
  return foldRollout(messages);
}

/** What reading up to the leader's last message needs beside the log itself. */
export interface LeaderReadDeps {
  readonly bus: LogStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const BEHIND_MS = 20;

/**
 * Reads the log so that nothing the leader holds is missing from it. The leader is asked anew each time: a log that is
 * purged meanwhile is empty, and not one that lags for ever. Rejects as {@link readRollout} does, and once the signal
 * aborts while it has to wait.
 */
export async function readRolloutFromLeader(
  { bus, clock, signal }: LeaderReadDeps,
  parts: RolloutSubjectParts,
): Promise<RolloutState> {
  for (;;) {
    const last = await bus.readLast("events", eventsSubject(parts), { fromLeader: true });
    const state = await readRollout(bus, parts);
    if (state.lastSequence >= (last?.sequence ?? 0)) return state;
    await clock.sleep(BEHIND_MS, signal);
    signal.throwIfAborted();
  }
}

/** Puts the texts of a message that are stored as blobs of the owner into the message. Rejects with `bus_unavailable`, `log_corrupt`. */
export async function fetchBlobs(store: LogStore, jobUid: string, message: LogMessage): Promise<void> {
  for (const event of message.events ?? []) {
    for (const text of eventTexts(event)) {
      if (text.place.case !== "blob") continue;
      text.place = { case: "inline", value: await loadText(store, jobUid, text) };
    }
    if (event.kind.case === "turnSampled") await fetchTokens(store, jobUid, event.kind.value);
  }
}

async function fetchTokens(store: LogStore, jobUid: string, sampled: TurnSampled): Promise<void> {
  const place = sampled.tokens?.place;
  if (sampled.tokens === undefined || place?.case !== "blob") return;
  const bytes = await getBlob(store, jobUid, place.value);
  sampled.tokens.place = { case: "inline", value: fromBinary(TokenRecordSchema, bytes) };
}
