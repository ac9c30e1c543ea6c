/**
 * `failures` says of each failure what it was, in one line: they are repeated at the end, where a long output has
 * scrolled the first telling away or a log keeps the last lines only.
 * @typedef {{ passed: number, failed: number, skipped: number, failures: readonly string[] }} Totals
 */
/**
 * What is read of vitest's JSON report.
 * @typedef {{ fullName: string, status: string, failureMessages?: readonly string[] | null }} VitestCase
 * @typedef {{ name: string, status: string, message: string, assertionResults: readonly VitestCase[] }} VitestFile
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: readonly VitestFile[] }} VitestReport
 */

/** @type {Totals} */
export const NO_TESTS = { passed: 0, failed: 0, skipped: 0, failures: [] };

/** Characters of a failure's first line that are repeated at the end. */
const LONGEST_REASON = 300;

/**
 * One failure that is not a test's own.
 * @param {string} failure what it was
 * @returns {Totals}
 */
export function oneFailure(failure) {
  return { ...NO_TESTS, failed: 1, failures: [failure] };
}

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
      failures: [...sum.failures, ...part.failures],
    }),
    NO_TESTS,
  );
}

/**
 * Totals of vitest's JSON report. A run that failed without a failed test (a file that does not load) counts as one failure.
 * @param {VitestReport | null} report null when there is none
 * @param {number} exitCode vitest's
 * @returns {Totals}
 */
export function vitestTotals(report, exitCode) {
  if (report === null) return oneFailure("the tests ended without a report");
  const failures = report.testResults.flatMap(failuresOf);
  const skipped = report.numPendingTests + report.numTodoTests;
  const totals = { passed: report.numPassedTests, failed: report.numFailedTests, skipped, failures };
  if (exitCode === 0 || totals.failed > 0) return totals;
  const reason = `no test failed, but the run ended with exit code ${exitCode}`;
  return { ...totals, failed: 1, failures: failures.length > 0 ? failures : [reason] };
}

/**
 * @param {VitestFile} file
 * @returns {readonly string[]}
 */
function failuresOf({ name, status, message, assertionResults }) {
  const failed = assertionResults.filter((result) => result.status === "failed");
  if (status === "failed" && failed.length === 0) return [`${name}: ${firstLine(message)}`];
  return failed.map(
    ({ fullName, failureMessages }) => `${name}: ${fullName}: ${firstLine(failureMessages?.[0] ?? "")}`,
  );
}

/** @param {string} text */
function firstLine(text) {
  return (text.split("\n")[0] ?? "").slice(0, LONGEST_REASON);
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
  const failures = events.filter((event) => event.Action === "fail").map((event) => event.Test);
  if (exitCode !== 0 && failures.length === 0) failures.push(`go test ended with exit code ${exitCode}`);
  return { passed: count("pass"), failed: failures.length, skipped: count("skip"), failures };
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
 * What ends a run: the plain line `N passed, N failed`, and before it what failed, and how many were skipped, where some were.
 * @param {Totals} totals
 */
export function closingLines(totals) {
  const { passed, failed, skipped, failures } = totals;
  const lines = failures.map((failure) => `✗ ${failure}\n`);
  if (lines.length > 0) lines.unshift("FAILED\n");
  if (skipped > 0) lines.push(`${skipped} skipped\n`);
  return `${lines.join("")}${totalsLine({ passed, failed, skipped: 0 })}\n`;
}

/**
 * The totals of one part, on one line.
 * @param {Omit<Totals, "failures">} totals
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
