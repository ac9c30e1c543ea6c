import { runQuietly } from "./run-command.mjs";

/** @typedef {{ kind: "commit", commit: string } | { kind: "none", reason: string }} BreakingBase */

/**
 * The commit that proto/ must stay compatible with: the newest of main that is not this one.
 * @param {string} root
 * @returns {Promise<BreakingBase>}
 */
export async function findBreakingBase(root) {
  const head = await resolveCommit(root, "HEAD");
  if (head === null) return { kind: "none", reason: "no git history here" };
  const remote = await resolveCommit(root, "origin/main");
  const commit = remote !== null && remote !== head ? remote : await resolveCommit(root, "HEAD~1");
  if (commit === null) return { kind: "none", reason: "no earlier commit in this clone" };
  const listed = await runQuietly("git", ["ls-tree", "-r", "--name-only", commit, "proto"], { cwd: root });
  if (listed.stdout.trim() === "") return { kind: "none", reason: "the earlier commit has no proto/" };
  return { kind: "commit", commit };
}

/**
 * @param {string} root
 * @param {string} name
 */
async function resolveCommit(root, name) {
  const result = await runQuietly("git", ["rev-parse", "--verify", "--quiet", `${name}^{commit}`], {
    cwd: root,
  });
  return result.code === 0 ? result.stdout.trim() : null;
}
