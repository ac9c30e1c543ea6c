import type { IntegrityCheck } from "../integrity-check.ts";

/** The agent has changed its copy of a file that the grader brings itself. One that it never had is no sign. */
export const testsUnchanged: IntegrityCheck = {
  needs: "assets",
  effect: "zero",
  find: ({ commands, agentCopies }) => {
    const assets = commands.flatMap((command) => command.assets);
    const changed = assets.filter(({ path, content }) => {
      const copy = agentCopies.get(path);
      return copy !== undefined && Buffer.compare(copy, content) !== 0;
    });
    return changed.length === 0 ? null : { reason: "changed", evidence: { files: String(changed.length) } };
  },
};
