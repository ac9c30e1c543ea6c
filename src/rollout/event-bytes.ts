import type { Text } from "../gen/rollyard/v1/events_pb.ts";
import type { RolloutEvent } from "./events.ts";

const FIXED_BYTES = 256;
const BYTES_PER_TOKEN = 18;

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
        (kind.value.tokens?.place.case === "inline"
          ? BYTES_PER_TOKEN * kind.value.tokens.place.value.promptTokenIds.length +
            BYTES_PER_TOKEN * kind.value.tokens.place.value.tokenIds.length
          : 0)
      );
    case "toolCalled":
      return FIXED_BYTES + textBytes(kind.value.argumentsJson);
    case "toolReturned":
      return FIXED_BYTES + textBytes(kind.value.output);
    default:
      return FIXED_BYTES;
  }
}

/** Three bytes for each UTF-16 unit is the most that UTF-8 needs. */
function textBytes(text: Text | undefined): number {
  return text?.place.case === "inline" ? 3 * text.place.value.length : 0;
}
