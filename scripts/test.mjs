// `npm test`: sets the clone up, runs the checks and the tests, and says in one table what came of it. Plain JavaScript for
// Node 20. `--all`, or CI=true, takes every tier.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKS } from "./lib/checks.mjs";
import { runGoTests, runTier } from "./lib/run-tests.mjs";
import { exitWith } from "./lib/setup-error.mjs";
import { setUpClone } from "./lib/setup.mjs";
import { formatSeconds } from "./lib/step.mjs";
import {
  closingLines,
  emptyTierProblem,
  NO_TESTS,
  oneFailure,
  sumTotals,
  totalsLine,
} from "./lib/test-totals.mjs";
import { TEST_TIERS } from "./lib/test-tiers.mjs";
import { toolEnvironment } from "./lib/tool-environment.mjs";

/** @typedef {import("./lib/test-totals.mjs").Totals} Totals */
/** @typedef {{ name: string, totals: Totals, note: string }} Row */

const isCi = process.env["CI"] === "true";
const takesAll = isCi || process.argv.includes("--all");

// What runs now gets the signal itself; nothing is begun after it.
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => interrupt.abort());

await exitWith(async () => {
  const tools = toolEnvironment(await setUpClone());
  /** @type {Row[]} */
  const rows = [];
  for (const check of CHECKS) if (!interrupt.signal.aborted) rows.push(await runCheck(check, tools));
  if (!interrupt.signal.aborted)
    rows.push(await timed("go test", async () => ({ totals: await runGoTests(tools), note: "" })));
  /** @type {Promise<Row>[]} */
  const beside = [];
  for (const tier of TEST_TIERS.filter(({ isDaily }) => isDaily || takesAll)) {
    if (interrupt.signal.aborted) break;
    const running = timed(`${tier.name} tests`, () => runCountedTier(tools, tier));
    if (tier.isBeside) beside.push(running);
    else rows.push(await running, ...(await Promise.all(beside.splice(0))));
  }
  rows.push(...(await Promise.all(beside)));
  const totals = sumTotals(rows.map((row) => row.totals));
  writeTotals(tools.root, totals);
  printSummary(rows, totals);
  if (interrupt.signal.aborted) return 130;
  return totals.failed === 0 ? 0 : 1;
});

/**
 * @param {import("./lib/checks.mjs").Check} check
 * @param {import("./lib/tool-environment.mjs").ToolEnvironment} tools
 */
function runCheck(check, tools) {
  return timed(check.name, async () => {
    const result = await check.run(tools);
    if (result.kind === "passed") return { totals: { ...NO_TESTS, passed: 1 }, note: "" };
    if (result.kind === "skipped") return { totals: { ...NO_TESTS, skipped: 1 }, note: result.reason };
    process.stdout.write(result.output);
    return { totals: oneFailure(check.name), note: "" };
  });
}

/**
 * @param {import("./lib/tool-environment.mjs").ToolEnvironment} tools
 * @param {import("./lib/test-tiers.mjs").TestTier} tier
 */
async function runCountedTier(tools, tier) {
  const totals = await runTier(tools, tier, interrupt.signal);
  const problem = emptyTierProblem(totals, isCi);
  return problem === null
    ? { totals, note: "" }
    : { totals: sumTotals([totals, oneFailure(`${tier.name} tests: ${problem}`)]), note: problem };
}

/**
 * Announces a part, runs it, and says how it went.
 * @param {string} name
 * @param {() => Promise<{ totals: Totals, note: string }>} run
 * @returns {Promise<Row>}
 */
async function timed(name, run) {
  process.stdout.write(`\n▶ ${name}\n`);
  const startedMs = performance.now();
  const { totals, note } = await run();
  const row = {
    name,
    totals,
    note: [formatSeconds(performance.now() - startedMs), note].filter(Boolean).join(", "),
  };
  process.stdout.write(`${describe(row)}\n`);
  return row;
}

/** @param {Row} row */
function describe({ name, totals, note }) {
  const mark = totals.failed > 0 ? "✗" : totals.passed > 0 ? "✓" : "-";
  return `${mark} ${name}: ${totalsLine(totals)} (${note})`;
}

/**
 * @param {readonly Row[]} rows
 * @param {Totals} totals
 */
function printSummary(rows, totals) {
  process.stdout.write(`\n${rows.map(describe).join("\n")}\n\n`);
  process.stdout.write(closingLines(totals));
  if (!takesAll) process.stdout.write("Every tier of tests: npm run test:all\n");
}

/**
 * For .ci/run, which adds its own checks.
 * @param {string} root
 * @param {Totals} totals
 */
function writeTotals(root, totals) {
  mkdirSync(join(root, ".cache", "test"), { recursive: true });
  writeFileSync(join(root, ".cache", "test", "totals.json"), JSON.stringify(totals));
}
