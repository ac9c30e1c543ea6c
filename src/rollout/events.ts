import { create } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { EventSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { Event } from "../gen/rollyard/v1/events_pb.ts";

/** Any event of the log. Its variants are defined in proto/rollyard/v1/events.proto. */
export type RolloutEvent = Event;

/** The variant of an event by its case name, for instance `turnSampled`. */
export type EventKind = NonNullable<Event["kind"]["case"]>;

type EventInit = Exclude<NonNullable<MessageInitShape<typeof EventSchema>["kind"]>, { case?: undefined }>;

/** Makes an event of the given time from its variant. */
export function newEvent(atMs: number, kind: EventInit): RolloutEvent {
  return create(EventSchema, { atMs, kind });
}

const NAMES: Readonly<Record<EventKind, string>> = {
  rolloutStarted: "rollout.started",
  driverAttached: "driver.attached",
  driverDetached: "driver.detached",
  sandboxLeased: "sandbox.leased",
  sandboxReplayed: "sandbox.replayed",
  turnSampled: "turn.sampled",
  toolCalled: "tool.called",
  toolReturned: "tool.returned",
  toolFailed: "tool.failed",
  rolloutStopped: "rollout.stopped",
  attemptFailed: "attempt.failed",
  rolloutCancelled: "rollout.cancelled",
  gradeAnswered: "grade.answered",
};

/** The event's name in documents and logs: noun.verb. */
export function eventName(kind: EventKind): string {
  return NAMES[kind];
}
