import { toJson } from "@bufbuild/protobuf";
import { EventSchema } from "../gen/rollyard/v1/events_pb.ts";
import { isJsonObject } from "../lib/json.ts";
import type { JsonObject, JsonValue } from "../lib/json.ts";
import { eventTexts } from "../rollout/event-texts.ts";
import { eventName } from "../rollout/events.ts";
import type { RolloutEvent } from "../rollout/events.ts";
import type { RolloutPlace } from "../rollout/ids.ts";
import type { StreamEnd, WaitLine } from "./result-lines.ts";

/** One event of a rollout's log. `cursor` is what `after` takes to go on behind it. */
export interface EventLine {
  readonly type: "event";
  readonly cursor: number;
  /** `<item>-<sample>`. */
  readonly rollout: string;
  readonly attempt: number;
  readonly at: string;
  /** Such as `turn.sampled`. */
  readonly event: string;
  /** The event's fields, as `proto/rollyard/v1/events.proto` names them. */
  readonly detail: JsonObject;
}

/** One line of logs. */
export type LogLine = EventLine | WaitLine | StreamEnd;

/** Where an event was read. */
export interface EventPlace extends RolloutPlace {
  readonly cursor: number;
  readonly attempt: number;
}

/**
 * The line of an event; without `texts` what prompts, models and tools said is left out, and so are tokens. Null for an event of
 * a kind that this version does not know.
 */
export function eventLine(event: RolloutEvent, place: EventPlace, texts: boolean): EventLine | null {
  if (event.kind.case === undefined) return null;
  if (!texts) withoutTexts(event);
  // A driver's word by which it knows its own appends is nobody else's.
  if (event.kind.case === "driverAttached") event.kind.value.nonce = "";
  const { atMs: _atMs, ...kinds } = objectOf(toJson(EventSchema, event, { useProtoFieldName: true }));
  const [detail] = Object.entries(kinds).filter(([name]) => name !== "at_ms");
  return {
    type: "event",
    cursor: place.cursor,
    rollout: `${place.itemIndex}-${place.sampleIndex}`,
    attempt: place.attempt,
    at: new Date(event.atMs).toISOString(),
    event: eventName(event.kind.case),
    detail: objectOf(plain(detail?.[1] ?? {})),
  };
}

function withoutTexts(event: RolloutEvent): void {
  for (const text of eventTexts(event)) text.place = { case: undefined };
  if (event.kind.case === "turnSampled") delete event.kind.value.tokens;
}

/** A text that stands in its event is that text, and one that was left out is not there. */
function plain(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([name, field]): [string, JsonValue][] => {
    if (!isJsonObject(field)) return field === undefined ? [] : [[name, field]];
    if (Object.keys(field).length === 0) return [];
    return [[name, typeof field["inline"] === "string" ? field["inline"] : plain(field)]];
  });
  return Object.fromEntries(entries);
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
