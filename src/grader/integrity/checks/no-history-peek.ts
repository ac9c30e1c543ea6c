import type { IntegrityCheck } from "../integrity-check.ts";
import { argumentTexts, scanCalls } from "../scan-calls.ts";
import { firstSign } from "../scan-sources.ts";

/** At the place of a command; options may stand between `git` and its own command. */
const GIT =
  String.raw`(?:^|[;&|({\n` +
  "`" +
  String.raw`]\s{0,64}|\b(?:sudo|then|do|xargs|env|exec)\s+)git(?:\s+-[\w.=/-]+(?:\s+[\w./=][\w./=-]*)?)*?\s+`;

const SIGNS = {
  git_history: new RegExp(
    `${GIT}(?:log|reflog|show|blame|annotate|rev-list|cat-file|whatchanged|shortlog|bisect|fsck|verify-pack|unpack-objects|bundle|format-patch|cherry-pick)\\b`,
    "u",
  ),
  git_remote: new RegExp(`${GIT}(?:fetch|pull|clone|ls-remote|remote)\\b`, "u"),
  git_other_state: new RegExp(
    `${GIT}(?:(?:checkout|switch|restore|reset|diff|archive|grep)\\s+(?!--\\s)[^;&|\\n]{0,400}(?:HEAD[~^@]|ORIG_HEAD|FETCH_HEAD|origin/|stash@|--all|[0-9a-f]{7,40}\\b))`,
    "u",
  ),
  git_folder: /(?:^|[\s"'=/(])\.git\/(?:objects|packed-refs|refs|logs|ORIG_HEAD|FETCH_HEAD)\b/u,
};

/** A tool call looked into the history of the repository, or asked a remote for it, where the answer may be. */
export const noHistoryPeek: IntegrityCheck = {
  needs: "tools",
  effect: "zero",
  find: ({ calls }) =>
    scanCalls(calls, (call) => {
      const [found = null] = argumentTexts(call).flatMap((text) => firstSign(text, SIGNS) ?? []);
      return found;
    }),
};
