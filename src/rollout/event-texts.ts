import type { Text } from "../gen/rollyard/v1/events_pb.ts";
import type { RolloutEvent } from "./events.ts";

/** The texts of an event that may be stored as blobs. */
export function eventTexts(event: RolloutEvent): readonly Text[] {
  const { kind } = event;
  switch (kind.case) {
    case "rolloutStarted":
      return present(kind.value.itemJson, kind.value.messagesJson);
    case "turnSampled":
      return present(kind.value.messageJson, kind.value.nativeItemsJson);
    case "toolCalled":
      return present(kind.value.argumentsJson);
    case "toolReturned":
      return present(kind.value.output);
    case "rolloutStopped":
      return present(kind.value.sampleJson, kind.value.itemJson);
    default:
      return [];
  }
}

function present(...texts: (Text | undefined)[]): readonly Text[] {
  return texts.filter((text) => text !== undefined);
}
