import { describe, expect, it } from "vitest";
import { RollyardError } from "../errors/rollyard-error.ts";
import { refuseLostRecord } from "./record-lost.ts";

const found = { rollouts: 5, gradedAttempts: 4, failedAttempts: 3 };
const check = (recorded: { rollouts: number; failedAttempts: number }, lastSequence = 9) =>
  refuseLostRecord(recorded, found, lastSequence);

describe("a record that was lost", () => {
  it("is none when the streams hold all that is on record, or more", () => {
    expect(() => check({ rollouts: 5, failedAttempts: 3 })).not.toThrow();
    expect(() => check({ rollouts: 0, failedAttempts: 0 })).not.toThrow();
  });

  it.each([
    ["rollouts", { rollouts: 6, failedAttempts: 3 }, 9],
    ["failed attempts", { rollouts: 5, failedAttempts: 4 }, 9],
    ["all events", { rollouts: 5, failedAttempts: 3 }, 0],
  ] as const)("is seen by missing %s, and said with what to do", (_name, recorded, lastSequence) => {
    const refused = () => check(recorded, lastSequence);
    expect(refused).toThrow(RollyardError);
    expect(refused).toThrow(/Nothing was run; put the store back, or use another --out\./u);
  });
});
