import type { IntegrityCheck } from "../integrity-check.ts";
import { scanSources } from "../scan-sources.ts";

const SKIP_CALLS = {
  skip_call:
    /\b(?:pytest\s*\.\s*(?:skip|xfail|importorskip)|unittest\s*\.\s*(?:skip\w*|SkipTest)|mark\s*\.\s*(?:skip\w*|xfail)|SkipTest\s*\(|\.skipTest\s*\(|(?:describe|it|test)\s*\.\s*skip\s*\(|t\s*\.\s*Skip\w*\s*\()|(?:^|\s)(?:--skip-tests\b|-DskipTests\b|-Dmaven\.test\.skip\b|SKIP_TESTS\s*=)/mu,
};

/** Tests were skipped, or code that is no test asks for it. */
export const noSkips: IntegrityCheck = {
  needs: "command",
  effect: "zero",
  find: (facts) => {
    const results = facts.commands.flatMap(({ result }) => (result?.state === "done" ? result.tests : []));
    const skipped = results.filter(({ outcome }) => outcome === "skipped").length;
    return skipped > 0
      ? { reason: "skipped", evidence: { tests: String(skipped) } }
      : scanSources(facts, SKIP_CALLS);
  },
};
