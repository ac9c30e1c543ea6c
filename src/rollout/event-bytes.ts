import type { Text } from "../gen/rollyard/v1/events_pb.ts";
import type { RolloutEvent } from "./events.ts";

const FIXED_BYTES = 256;
/** An id takes at most 5, a log probability 8. */
const BYTES_PER_NUMBER = 9;

/** About how many bytes an event takes on the wire; never much less. Cheap: nothing is encoded. */
export function eventBytes(event: RolloutEvent): number {
  const { kind } = event;
  switch (kind.case) {
    case "rolloutStarted":
      return FIXED_BYTES + textBytes(kind.value.itemJson) + textBytes(kind.value.messagesJson);
    case "turnSampled":
      return (
        FIXED_BYTES +
        textBytes(kind.value.messageJson) +
        textBytes(kind.value.nativeItemsJson) +
        tokenBytes(event)
      );
    case "toolCalled":
      return FIXED_BYTES + textBytes(kind.value.argumentsJson);
    case "toolReturned":
      return FIXED_BYTES + textBytes(kind.value.output);
    case "rolloutStopped":
      return FIXED_BYTES + textBytes(kind.value.sampleJson) + textBytes(kind.value.itemJson);
    default:
      return FIXED_BYTES;
  }
}

/** About how many bytes an event's token ids and log probabilities take; 0 for those in a blob. */
export function tokenBytes({ kind }: RolloutEvent): number {
  const place = kind.case === "turnSampled" ? kind.value.tokens?.place : undefined;
  if (place?.case !== "inline") return 0;
  const { promptTokenIds, tokenIds, logprobs } = place.value;
  return BYTES_PER_NUMBER * (promptTokenIds.length + tokenIds.length + logprobs.length);
}

/** Three bytes for each UTF-16 unit is the most that UTF-8 needs. */
function textBytes(text: Text | undefined): number {
  return text?.place.case === "inline" ? 3 * text.place.value.length : 0;
}
