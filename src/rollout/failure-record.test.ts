import { expect, it } from "vitest";
import { RollyardError, withFacts } from "../errors/rollyard-error.ts";
import { errorOfFailure, failureRecord } from "./failure-record.ts";

const failedSetup = new RollyardError("sandbox_setup_failed", {
  message: "It failed.",
  details: { exit_code: 4 },
  setupOutput: "no such branch",
});

it("makes of a record the error that it was made from, what setup wrote apart from the short facts", () => {
  const origin = new Error("unreachable");
  const error = errorOfFailure(failureRecord(failedSetup), origin);
  expect(error).toMatchObject({
    code: "sandbox_setup_failed",
    message: "It failed.",
    details: { exit_code: "4" },
    setupOutput: "no such branch",
    cause: origin,
  });
  expect(Object.keys(error.details)).toEqual(["exit_code"]);
});

it("keeps what setup wrote when facts are added", () => {
  const { details, setupOutput } = withFacts(failedSetup, { sandbox: "box" });
  expect({ details, setupOutput }).toEqual({
    details: { sandbox: "box", exit_code: 4 },
    setupOutput: "no such branch",
  });
});
