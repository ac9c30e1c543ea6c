import { describe, expect, it } from "vitest";
import {
  closingLines,
  emptyTierProblem,
  goTestTotals,
  oneFailure,
  sumTotals,
  totalsLine,
  vitestTotals,
} from "./test-totals.mjs";

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1, testResults: [] };

describe("vitestTotals", () => {
  it("counts to-dos as skipped", () => {
    expect(vitestTotals(report, 0)).toEqual({ passed: 3, failed: 0, skipped: 2, failures: [] });
  });

  it("says of each failed test, and of a file that does not load, what it was", () => {
    const failed = { fullName: "sums up", status: "failed", failureMessages: ["1 is not 2\n  at sum.ts"] };
    const passed = { fullName: "counts", status: "passed", failureMessages: [] };
    const testResults = [
      { name: "sum.test.ts", status: "failed", message: "", assertionResults: [passed, failed] },
      { name: "torn.test.ts", status: "failed", message: "can't be read\nat all", assertionResults: [] },
    ];
    const totals = vitestTotals({ ...report, numFailedTests: 1, testResults }, 1);
    expect(totals.failures).toEqual(["sum.test.ts: sums up: 1 is not 2", "torn.test.ts: can't be read"]);
    expect(totals.failed).toBe(1);
  });

  it("counts a failed run without a failed test, or without a report, as one failure", () => {
    expect(vitestTotals(report, 1)).toMatchObject({
      failed: 1,
      failures: [expect.stringContaining("exit code 1")],
    });
    expect(vitestTotals(null, 0)).toEqual(oneFailure("the tests ended without a report"));
  });
});

describe("goTestTotals", () => {
  const line = (event: object): string => JSON.stringify(event);

  it("counts top-level tests and neither subtests nor packages", () => {
    const output = [
      line({ Action: "run", Test: "TestA" }),
      line({ Action: "pass", Test: "TestA/sub" }),
      line({ Action: "pass", Test: "TestA" }),
      line({ Action: "skip", Test: "TestB" }),
      line({ Action: "pass", Package: "p" }),
      "not json",
    ].join("\n");
    expect(goTestTotals(output, 0)).toEqual({ passed: 1, failed: 0, skipped: 1, failures: [] });
  });

  it("names the tests that failed", () => {
    const output = [
      line({ Action: "fail", Test: "TestA/sub" }),
      line({ Action: "fail", Test: "TestA" }),
    ].join("\n");
    expect(goTestTotals(output, 1)).toMatchObject({ failed: 1, failures: ["TestA"] });
  });

  it("counts a package that does not build as one failure", () => {
    expect(goTestTotals(line({ Action: "fail", Package: "p" }), 1).failed).toBe(1);
  });
});

describe("emptyTierProblem", () => {
  it("refuses in CI a tier that ran nothing or skipped everything", () => {
    expect(emptyTierProblem({ passed: 0, failed: 0, skipped: 0, failures: [] }, true)).toBe(
      "it has no tests",
    );
    expect(emptyTierProblem({ passed: 0, failed: 0, skipped: 4, failures: [] }, true)).toBe(
      "every test was skipped",
    );
  });

  it("accepts the same outside CI, and a tier that ran something", () => {
    expect(emptyTierProblem({ passed: 0, failed: 0, skipped: 4, failures: [] }, false)).toBeNull();
    expect(emptyTierProblem({ passed: 1, failed: 0, skipped: 4, failures: [] }, true)).toBeNull();
  });
});

describe("totalsLine", () => {
  it("names skipped tests only where there are any", () => {
    expect(totalsLine({ passed: 2, failed: 0, skipped: 0 })).toBe("2 passed, 0 failed");
    const sum = sumTotals([
      { passed: 2, failed: 1, skipped: 0, failures: ["a"] },
      { passed: 1, failed: 0, skipped: 3, failures: [] },
    ]);
    expect(totalsLine(sum)).toBe("3 passed, 1 failed, 3 skipped");
  });
});

describe("closingLines", () => {
  it("ends with the plain line, and tells skipped tests on the line before", () => {
    expect(closingLines({ passed: 2, failed: 0, skipped: 0, failures: [] })).toBe("2 passed, 0 failed\n");
    expect(closingLines({ passed: 2, failed: 0, skipped: 3, failures: [] })).toBe(
      "3 skipped\n2 passed, 0 failed\n",
    );
  });

  it("repeats what failed", () => {
    const totals = { passed: 2, failed: 2, skipped: 0, failures: ["first", "second"] };
    expect(closingLines(totals)).toBe("FAILED\n✗ first\n✗ second\n2 passed, 2 failed\n");
  });
});
