import { expect, test } from "vitest";

import { parsePubAck } from "./publish-result.ts";

const parse = (value: unknown): unknown => parsePubAck(new TextEncoder().encode(JSON.stringify(value)));
const refused = (errCode: number, description = "", code = 400): unknown =>
  parse({ error: { code, err_code: errCode, description }, stream: "S", seq: 0 });

test("a sequence means stored", () => {
  expect(parse({ stream: "S", seq: 7 })).toEqual({ kind: "stored", sequence: 7 });
});

test("a duplicate is never taken for success: the server stored something else under that id", () => {
  expect(parse({ stream: "S", seq: 7, duplicate: true })).toEqual({ kind: "unknown" });
});

test("each refusal that a writer decides by has its kind", () => {
  expect(refused(10071, "wrong last sequence: 5")).toEqual({ kind: "wrong_sequence" });
  expect(refused(10164, "wrong last sequence")).toEqual({ kind: "in_flight" });
  expect(refused(10077, "maximum messages per subject exceeded", 503)).toEqual({ kind: "slot_taken" });
});

test.each([
  [10077, "maximum bytes exceeded", 503],
  [10077, "maximum messages exceeded", 503],
  [10047, "insufficient storage resources available", 500],
  [10023, "insufficient resources", 503],
  [10167, "too many requests", 429],
  [10002, "resource limits exceeded for account", 400],
  [99999, "something new", 503],
])("%i %s means no room now", (errCode, description, code) => {
  expect(refused(errCode, description, code)).toEqual({ kind: "full" });
});

test("no leader means that nothing is known", () => {
  expect(refused(10008, "JetStream system temporarily unavailable", 503)).toEqual({ kind: "unknown" });
});

test("a refusal for good and an unreadable answer are errors of ours", () => {
  expect(() => refused(10054, "message size exceeds maximum allowed")).toThrow("error 10054");
  expect(() => parsePubAck(new Uint8Array([1, 2]))).toThrow("no PubAck");
});
