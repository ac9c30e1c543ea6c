import { describe, expect, it } from "vitest";
import { writeResult } from "./write-result.ts";

const answer = (status: number, body: object | string) => ({
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
  retryAfterMs: null,
});

describe("writeResult", () => {
  it.each([
    [answer(201, { metadata: { name: "a" } }), { kind: "done", object: { metadata: { name: "a" } } }],
    [answer(404, { reason: "NotFound" }), { kind: "missing" }],
    [answer(409, { reason: "AlreadyExists" }), { kind: "exists" }],
    [answer(409, { reason: "Conflict" }), { kind: "conflict" }],
    [
      answer(403, { reason: "Forbidden", message: 'pods "a" is forbidden: exceeded quota: q, used: pods=5' }),
      { kind: "forbidden", reason: "quota" },
    ],
    [
      answer(403, { reason: "Forbidden", message: "no" }),
      { kind: "forbidden", reason: "other", message: "no" },
    ],
    [
      answer(403, {
        reason: "Forbidden",
        message:
          'pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "n"',
      }),
      { kind: "forbidden", reason: "rights" },
    ],
    [answer(422, { reason: "Invalid", message: "spec.x: bad" }), { kind: "invalid", message: "spec.x: bad" }],
  ])("reads %o", (response, expected) => {
    expect(writeResult(response)).toMatchObject(expected);
  });

  it.each([
    [answer(429, { reason: "TooManyRequests" }), "kube_throttled"],
    [answer(500, { reason: "InternalError" }), "kube_unreachable"],
    [answer(502, "<html>bad gateway</html>"), "kube_unreachable"],
    [answer(401, { reason: "Unauthorized" }), "kube_refused"],
  ])("throws for %o", (response, code) => {
    expect(() => writeResult(response)).toThrow(expect.objectContaining({ code }));
  });
});
