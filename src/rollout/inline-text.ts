import { create } from "@bufbuild/protobuf";
import { RollyardError } from "../errors/rollyard-error.ts";
import { TextSchema } from "../gen/rollyard/v1/events_pb.ts";
import type { Text } from "../gen/rollyard/v1/events_pb.ts";
import type { JsonValue } from "../lib/json.ts";

/** A text as a field. The appender stores it as a blob when it is too large for a message. */
export function textOf(value: string): Text {
  return create(TextSchema, { place: { case: "inline", value } });
}

/** The text of a field whose blobs were fetched before; absent reads as empty. Throws `log_corrupt` for a blob. */
export function inlineText(text: Text | undefined): string {
  if (text === undefined || text.place.case === undefined) return "";
  if (text.place.case === "inline") return text.place.value;
  throw new RollyardError("log_corrupt", {
    message: "A blob of the event log was not fetched before folding.",
  });
}

/** The parsed JSON of such a field. Throws `log_corrupt` when it is not JSON. */
export function inlineJson(text: Text | undefined): JsonValue {
  try {
    return JSON.parse(inlineText(text)) as JsonValue;
  } catch (cause) {
    throw new RollyardError("log_corrupt", { cause });
  }
}
