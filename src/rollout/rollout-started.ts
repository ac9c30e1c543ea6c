import { create } from "@bufbuild/protobuf";
import { RolloutStartedSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { Assignment } from "../gen/rollyard/v1/work_pb.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ChatMessage } from "../model/port.ts";
import { refRolloutId, requireRef } from "./attempt-ref.ts";
import { textOf } from "./inline-text.ts";
import type { newEvent } from "./events.ts";

type StartedKind = Extract<Parameters<typeof newEvent>[1], { case: "rolloutStarted" }>;

/** What a new attempt starts from. */
export interface AttemptContent {
  readonly item: JsonObject;
  readonly prompt: readonly ChatMessage[];
}

/** The event that opens the assignment's attempt. */
export function rolloutStarted(assignment: Assignment, content: AttemptContent): StartedKind {
  const ref = requireRef(assignment);
  const value = create(RolloutStartedSchema, {
    rolloutId: refRolloutId(ref),
    traceId: ref.traceId,
    attempt: ref.attempt,
    itemIndex: ref.itemIndex,
    sampleIndex: ref.sampleIndex,
    specHash: ref.specHash,
    itemJson: textOf(JSON.stringify(content.item)),
    messagesJson: textOf(JSON.stringify(content.prompt)),
    policyVersion: assignment.policyVersion,
    dispatchedAtMs: assignment.dispatchedAtMs,
  });
  return { case: "rolloutStarted", value };
}
