/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/** @type {Totals} */
export const NO_TESTS = { passed: 0, failed: 0, skipped: 0 };

/**
 * @param {readonly Totals[]} parts
 * @returns {Totals}
 */
export function sumTotals(parts) {
  return parts.reduce(
    (sum, part) => ({
      passed: sum.passed + part.passed,
      failed: sum.failed + part.failed,
      skipped: sum.skipped + part.skipped,
    }),
    NO_TESTS,
  );
}

/**
 * Totals of vitest's JSON report. A run that failed without a failed test (a file that does not load) counts as one failure.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number } | null} report
 * null when there is none
 * @param {number} exitCode vitest's
 * @returns {Totals}
 */
export function vitestTotals(report, exitCode) {
  if (report === null) return { ...NO_TESTS, failed: 1 };
  const failed = exitCode === 0 ? report.numFailedTests : Math.max(1, report.numFailedTests);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}

/**
 * Totals of `go test -json`: top-level tests only. A package that does not build counts as one failure.
 * @param {string} output lines of JSON
 * @param {number} exitCode go's
 * @returns {Totals}
 */
export function goTestTotals(output, exitCode) {
  const events = output.split("\n").flatMap(parseEvent);
  const count = (/** @type {string} */ action) => events.filter((event) => event.Action === action).length;
  const failed = count("fail");
  return {
    passed: count("pass"),
    failed: exitCode === 0 ? failed : Math.max(1, failed),
    skipped: count("skip"),
  };
}

/**
 * @param {string} line
 * @returns {{ Action: string, Test: string }[]} the event, when it is about a top-level test
 */
function parseEvent(line) {
  if (!line.startsWith("{")) return [];
  const event = JSON.parse(line);
  return typeof event.Test === "string" && !event.Test.includes("/") ? [event] : [];
}

/**
 * What ends a run: the plain line `N passed, N failed`, and before it how many were skipped, where some were.
 * @param {Totals} totals
 */
export function closingLines({ passed, failed, skipped }) {
  return `${skipped > 0 ? `${skipped} skipped\n` : ""}${totalsLine({ passed, failed, skipped: 0 })}\n`;
}

/**
 * The totals of one part, on one line.
 * @param {Totals} totals
 */
export function totalsLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Why a tier is not to be believed although nothing failed, or null.
 * @param {Totals} totals
 * @param {boolean} isCi
 */
export function emptyTierProblem(totals, isCi) {
  if (!isCi || totals.passed + totals.failed > 0) return null;
  return totals.skipped > 0 ? "every test was skipped" : "it has no tests";
}
