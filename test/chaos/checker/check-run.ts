import { checkChains, checkRecorded } from "./check-outcomes.ts";
import { checkTurns } from "./check-turns.ts";
import type { Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";

/** Everything that is wrong with a run; nothing for one that kept the promise. */
export function checkRun(evidence: Evidence): readonly Finding[] {
  return [...checkStreams(evidence), ...checkRecorded(evidence)];
}

/** The same for a run whose results nobody has written down. */
export function checkStreams(evidence: Evidence): readonly Finding[] {
  return [...checkChains(evidence), ...checkTurns(evidence), ...checkLeaks(evidence)];
}

function checkLeaks({ retired, leftovers }: Evidence): readonly Finding[] {
  const leased = [...retired].filter(([, isRetired]) => !isRetired);
  return [
    ...leased.map(([uid]): Finding => ({ kind: "leaked sandboxes", what: `${uid} is still leased` })),
    ...leftovers.map((line): Finding => ({
      kind: line.startsWith("process ") ? "leaked processes" : "leaked sandboxes",
      what: line,
    })),
  ];
}
