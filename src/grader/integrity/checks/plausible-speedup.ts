import type { IntegrityCheck } from "../integrity-check.ts";

/** More than ten times faster than the reference is a fault of the measurement until somebody has looked. */
const MOST = 10;

/** The command measured a speedup (its metric `speedup`) that is too good to be true. */
export const plausibleSpeedup: IntegrityCheck = {
  needs: "command",
  effect: "zero",
  find: ({ commands }) => {
    const measured = commands.flatMap(({ result }) =>
      result?.state === "done" ? (result.metrics["speedup"] ?? []) : [],
    );
    const most = Math.max(0, ...measured);
    return most > MOST ? { reason: "too_fast", evidence: { speedup: String(Math.round(most)) } } : null;
  },
};
