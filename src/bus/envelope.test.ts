import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { DriverAnswerSchema } from "../gen/rollyard/v1/requests_pb.ts";
import { OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import { SCHEMA_VERSION, decodeRequest, decodeStored, encodeRequest, encodeStored } from "./envelope.ts";

test("a stored message comes back with the version that wrote it", () => {
  const bytes = encodeStored(OutcomeSchema, { outcome: "graded", reward: 0.5 });
  expect(decodeStored(OutcomeSchema, bytes)).toMatchObject({
    schemaVersion: SCHEMA_VERSION,
    outcome: "graded",
    reward: 0.5,
  });
});

test("a message of a newer schema is left to another version, with a sentence that names both", () => {
  const bytes = toBinary(OutcomeSchema, create(OutcomeSchema, { schemaVersion: SCHEMA_VERSION + 1 }));
  expect(() => decodeStored(OutcomeSchema, bytes)).toThrow(
    `A rollyard.v1.Outcome has schema version ${SCHEMA_VERSION + 1}; this version of Rollyard reads 1 to ${SCHEMA_VERSION}.`,
  );
  expect(() => decodeStored(OutcomeSchema, bytes)).toThrow(
    expect.objectContaining({ code: "other_version" }) as Error,
  );
});

test("a message without a version, and bytes that are no message, are log_corrupt", () => {
  expect(() => decodeStored(OutcomeSchema, new Uint8Array())).toThrow("schema version 0");
  expect(() => decodeStored(OutcomeSchema, Uint8Array.of(255, 255, 255))).toThrow(
    expect.objectContaining({ code: "log_corrupt" }) as Error,
  );
});

test("a request comes back as it was, and an unreadable one is internal", () => {
  const bytes = encodeRequest(DriverAnswerSchema, { state: "held" });
  expect(decodeRequest(DriverAnswerSchema, bytes).state).toBe("held");
  expect(() => decodeRequest(DriverAnswerSchema, Uint8Array.of(255, 255))).toThrow(
    expect.objectContaining({ code: "internal" }) as Error,
  );
});
