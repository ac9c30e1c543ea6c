import { expect, it } from "vitest";
import { saidError } from "./said-error.ts";

it.each([
  [{ error: { code: "trace_failed", message: "It has\nfailed." } }, "trace_failed: It has failed"],
  [{ statusCode: 400, error: "Bad Request", message: "No body." }, "No body"],
  [{ detail: "Not Found" }, "Not Found"],
  [{ error: { code: "busy" } }, "busy"],
  [{ error: "gone" }, "gone"],
  [{ error: {} }, null],
  [{}, null],
])("reads %j", (body, said) => {
  expect(saidError(body)).toBe(said);
});

it("shows the beginning of a long one", () => {
  expect(saidError({ error: { message: "x".repeat(5000) } })).toBe(`${"x".repeat(240)}…`);
});
