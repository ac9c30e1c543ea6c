import { describe, expect, it } from "vitest";
import { wasteOf } from "../../chaos/waste.ts";
import { failedOutcome, gradedOutcome } from "../../support/chaos/planted-run.ts";

const behaviour = { seed: 1, samplesPerItem: 4, modelFaultPercent: 0 };
const graded = [gradedOutcome()];

describe("the waste of lost members", () => {
  it("is the attempts that nobody can use, and beside it the groups that would be dropped", () => {
    const retried = [failedOutcome(), gradedOutcome({ attempt: 1 })];
    const outcomes = new Map([graded, graded, retried, graded, graded, graded, graded, graded].entries());
    expect(wasteOf({ outcomes, rollouts: 8, behaviour })).toMatchObject({
      attempts: 9,
      lostPercent: 12.5,
      wastedPercent: 11.11,
      wholeGroupsPercent: 50,
      completeGroupsPercent: 100,
    });
  });

  it("counts a member that never came as wasted", () => {
    const outcomes = new Map([graded, graded, graded, [failedOutcome()]].entries());
    expect(wasteOf({ outcomes, rollouts: 4, behaviour })).toMatchObject({
      wastedPercent: 25,
      completeGroupsPercent: 0,
    });
  });
});
