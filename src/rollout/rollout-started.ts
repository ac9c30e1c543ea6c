import { create } from "@bufbuild/protobuf";
import { RolloutStartedSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { JsonObject } from "../lib/json.ts";
import type { ChatMessage } from "../model/port.ts";
import { refRolloutId } from "./attempt-ref.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { textOf } from "./inline-text.ts";
import type { newEvent } from "./events.ts";

type StartedKind = Extract<Parameters<typeof newEvent>[1], { case: "rolloutStarted" }>;

/** What a new attempt starts from. */
export interface AttemptContent {
  readonly item: JsonObject;
  readonly prompt: readonly ChatMessage[];
}

/** Everything that an attempt's opening says beside its name. */
export interface StartedAttempt extends AttemptContent {
  readonly policyVersion: string;
  readonly dispatchedAtMs: number;
}

/** The event that opens an attempt. */
export function rolloutStarted(ref: AttemptRef, started: StartedAttempt): StartedKind {
  const value = create(RolloutStartedSchema, {
    rolloutId: refRolloutId(ref),
    traceId: ref.traceId,
    attempt: ref.attempt,
    itemIndex: ref.itemIndex,
    sampleIndex: ref.sampleIndex,
    specHash: ref.specHash,
    itemJson: textOf(JSON.stringify(started.item)),
    messagesJson: textOf(JSON.stringify(started.prompt)),
    policyVersion: started.policyVersion,
    dispatchedAtMs: started.dispatchedAtMs,
  });
  return { case: "rolloutStarted", value };
}
