import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";

import { RollyardError } from "../errors/rollyard-error.ts";

/**
 * The version that this code writes. A reader takes it and every older one; adding fields needs no new version. During an upgrade
 * both versions run: what is newer is left to a process that reads it, for it is no damage.
 */
export const SCHEMA_VERSION = 1;

/** A stored message: it outlives the code that wrote it, so it says by which schema it was written. */
type Versioned = Message & { schemaVersion: number };

/** Encodes a stored message and stamps it with {@link SCHEMA_VERSION}. */
export function encodeStored<T extends Versioned>(
  schema: GenMessage<T>,
  init: MessageInitShape<GenMessage<T>>,
): Uint8Array {
  const message = create(schema, init);
  message.schemaVersion = SCHEMA_VERSION;
  return toBinary(schema, message);
}

/**
 * Decodes a stored message.
 * Throws `log_corrupt` for bytes that are no such message, `other_version` for one of a newer version of Rollyard.
 */
export function decodeStored<T extends Versioned>(schema: GenMessage<T>, bytes: Uint8Array): T {
  const message: T = decode(schema, bytes, "log_corrupt");
  if (message.schemaVersion >= 1 && message.schemaVersion <= SCHEMA_VERSION) return message;
  throw new RollyardError(message.schemaVersion > SCHEMA_VERSION ? "other_version" : "log_corrupt", {
    message: `A ${schema.typeName} has schema version ${message.schemaVersion}; this version of Rollyard reads 1 to ${SCHEMA_VERSION}.`,
    details: { schema_version: message.schemaVersion },
  });
}

/** Encodes a request or an answer, which nobody stores. */
export function encodeRequest<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

/** Decodes a request or an answer. Throws `internal` for bytes that are no such message. */
export function decodeRequest<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  return decode(schema, bytes, "internal");
}

function decode<Desc extends DescMessage>(
  schema: Desc,
  bytes: Uint8Array,
  code: "log_corrupt" | "internal",
): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new RollyardError(code, { message: `A message is no readable ${schema.typeName}.`, cause });
  }
}
