/** A port, written out or filled in. */
const PORT = String.raw`(?::(?:\d{1,5}|\$\w{1,40}|\$?\{[\w.]{1,40}\}|%[ds]|(?=["'])))?`;
const LOCAL_HOST = String.raw`(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1?\])`;
const NO_USER = "(?![^\\s/?#\"'`<>]{0,400}@)";
const ENDS = "(?=[/?#\\s`)\\];,|&<>}]|\\\\?[\"']{1,9}(?![\\w.@\"'-])|$)";
const SCHEME = String.raw`(?:[hH][tT][tT][pP][sS]?|[fF][tT][pP]):\/\/`;

/** An address that is not of the sandbox itself, in the source of a pattern. */
export const REMOTE = `${SCHEME}(?!${NO_USER}${LOCAL_HOST}${PORT}${ENDS})`;

const FETCHES = /\b(curl|wget)\s([^;&|\n]{1,2000})/gu;
const WORDS = /(?:"[^"]*"|'[^']*'|[^\s"'])+/gu;
/** Options whose next word is a value of theirs. */
const VALUED = {
  curl: /^-[a-zA-Z]{0,8}[odHXuTKAbceEFmwxyYzCr]$/u,
  wget: /^-[a-zA-Z]{0,8}[OoaPTtwQUie]$/u,
} as const;
const VALUED_LONG =
  /^--(?:output(?:-document|-file|-dir)?|data(?:-\w+)?|json|header|request|user(?:-agent)?|password|upload-file|config|cookie(?:-jar)?|referer|cert|key|cacert|form|max-time|connect-timeout|retry|write-out|directory-prefix|post-(?:file|data)|timeout|tries|resolve)$/u;
const NAMED_HOST =
  /^(?:[^/@\s]{0,200}@)?(?:[\w-]{1,63}\.){1,8}(?!localhost\b)[a-z]{2,24}\.?(?::\d{1,5})?(?:[/?#)]|$)/iu;
const NUMBERED_HOST =
  /^(?:[^/@\s]{0,200}@)?(?!127\.|0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?:[/?#)]|$)/u;
/** What may be an address; any other word that is no option's shows that these are no arguments of a program. */
const ADDRESS = /[.:/$]|^localhost$/u;

/** Whether a program that fetches is given an address of another machine without a scheme. */
export function fetchesBareHost(text: string): boolean {
  return Array.from(text.matchAll(FETCHES), ([, program = "", given = ""]) =>
    addressesOf(program === "wget" ? VALUED.wget : VALUED.curl, given),
  )
    .flat()
    .some((word) => NAMED_HOST.test(word) || NUMBERED_HOST.test(word));
}

function addressesOf(valued: RegExp, given: string): readonly string[] {
  // Where output goes to is a value, too.
  const words = given.replaceAll(/\d?[<>]+/gu, " -o ").match(WORDS) ?? [];
  const found: string[] = [];
  for (const [index, word] of words.entries()) {
    const before = words[index - 1] ?? "";
    if (word.startsWith("-") || before === "-o" || valued.test(before) || VALUED_LONG.test(before)) continue;
    const plain = word.replaceAll(/["']/gu, "");
    if (ADDRESS.test(plain)) found.push(plain);
    else if (!before.startsWith("-")) break;
  }
  return found;
}
