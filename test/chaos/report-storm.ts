import { FINDING_KINDS } from "./checker/finding.ts";
import type { Finding } from "./checker/finding.ts";
import type { ScenarioResult } from "./scenario-result.ts";
import type { StormResult } from "./storm.ts";

/** Findings of each kind that are told in full. */
const SHOWN = 5;

/** What the table holds. */
export interface StormFigures {
  readonly seed: number;
  readonly rollouts: number;
  readonly servers: number;
  readonly seconds: number;
  readonly strikes: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly failedAttempts: Readonly<Record<string, number>>;
  readonly failedRollouts: number;
  readonly takeovers: number;
  readonly turns: number;
  readonly unrecordedAnswers: number;
  readonly sandboxes: number;
  /** Turns whose calls ran again in a sandbox that replaced a lost one. */
  readonly replayedTurns: number;
  readonly storedTwice: number;
  readonly endedByThemselves: number;
  readonly findings: Readonly<Record<string, number>>;
  /** The first findings of each kind in words. */
  readonly found: readonly string[];
}

/** The run in figures. */
function figuresOf({
  options,
  seconds,
  strikes,
  evidence,
  findings,
  endedByThemselves,
}: StormResult): StormFigures {
  const logs = [...evidence.logs.values()];
  const attempts = logs.flatMap((log) => log.attempts);
  const outcomes = [...evidence.outcomes.values()];
  const failed = outcomes.flat().filter(({ outcome }) => outcome === "failed");
  const turns = attempts.reduce((sum, attempt) => sum + attempt.turns.length, 0);
  return {
    seed: options.seed,
    rollouts: evidence.rollouts,
    servers: options.servers,
    seconds: Math.round(seconds),
    strikes: Object.fromEntries(strikes),
    attempts: outcomes.flat().length,
    failedAttempts: countBy(failed.map(({ failureClass, failureCode }) => `${failureClass}/${failureCode}`)),
    failedRollouts: outcomes.filter((chain) => chain.at(-1)?.outcome === "failed").length,
    takeovers: attempts.reduce((sum, { drivers }) => sum + Math.max(0, drivers - 1), 0),
    turns,
    unrecordedAnswers: evidence.model.length - turns,
    // Not the leases: those of sandboxes that are gone are purged.
    sandboxes: new Set(attempts.flatMap((attempt) => attempt.sandboxes)).size,
    replayedTurns: attempts.reduce((sum, { replayedTurns }) => sum + replayedTurns, 0),
    storedTwice: logs.reduce((sum, { repeats }) => sum + repeats, 0),
    endedByThemselves: endedByThemselves.length,
    findings: Object.fromEntries(FINDING_KINDS.map((kind) => [kind, count(findings, kind)])),
    found: findingLines(findings),
  };
}

/** What a storm comes to. */
export function stormResult(result: StormResult): ScenarioResult {
  const figures = figuresOf(result);
  // A storm in which nothing was replayed says nothing of replays.
  const hasReplays = result.options.recovery === "restart" || figures.replayedTurns > 0;
  return {
    text: stormTable(result),
    json: figures,
    code: result.findings.length === 0 && hasReplays ? 0 : 1,
  };
}

/** The run as a table, with the first findings of each kind in words. */
function stormTable(result: StormResult): string {
  const figures = figuresOf(result);
  const { options, findings, endedByThemselves } = result;
  const rows: readonly (readonly [string, string | number])[] = [
    ["rollouts", figures.rollouts],
    ["attempts", figures.attempts],
    ["failed attempts", listed(figures.failedAttempts)],
    ["failed rollouts", figures.failedRollouts],
    ["turns on record", figures.turns],
    ["answers never recorded", figures.unrecordedAnswers],
    ["takeovers", figures.takeovers],
    ["sandboxes on record", figures.sandboxes],
    ["turns replayed", figures.replayedTurns],
    ["strikes", listed(figures.strikes)],
    ["processes that ended by themselves", figures.endedByThemselves],
  ];
  const width = 36;
  const kinds = FINDING_KINDS.map((kind) => `${kind.padEnd(width)}${figures.findings[kind]}`);
  const { seed, servers, workers, graders, sandboxes } = options;
  return [
    `seed ${seed}, ${servers} nats-server${servers === 1 ? "" : "s"}, ${workers} workers, ${graders} graders, sandboxes: ${sandboxes}, ${figures.seconds} s`,
    "",
    ...rows.map(([name, value]) => `${name.padEnd(width)}${value}`),
    "",
    ...kinds,
    ...findingLines(findings),
    ...(options.recovery === "replay" && figures.replayedTurns === 0 ? ["", "nothing was replayed"] : []),
    ...endedByThemselves.slice(0, SHOWN),
    "",
  ].join("\n");
}

/** The first findings of each kind in words. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return FINDING_KINDS.flatMap((kind) => {
    const all = findings.filter((finding) => finding.kind === kind);
    if (all.length === 0) return [];
    const more = all.length > SHOWN ? [`  and ${all.length - SHOWN} more`] : [];
    return ["", `${kind}:`, ...all.slice(0, SHOWN).map(({ what }) => `  ${what}`), ...more];
  });
}

function count(findings: readonly Finding[], kind: Finding["kind"]): number {
  return findings.filter((finding) => finding.kind === kind).length;
}

function countBy(names: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
}

function listed(counts: Readonly<Record<string, number>>): string {
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const parts = Object.entries(counts).map(([name, each]) => `${name} ${each}`);
  return parts.length === 0 ? "0" : `${total} (${parts.join(", ")})`;
}
