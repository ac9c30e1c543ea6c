/** One `forward` of a module of PyTorch's. */
export interface Forward {
  /** Names of what it is given, without `self`. */
  readonly parameters: readonly string[];
  readonly body: string;
}

const FORWARD =
  /^([ \t]*)def\s+forward\s*\(([^)]{0,2000})\)[^:\n]*:([^\n]*)\n((?:\1[ \t]+[^\n]*\n|[ \t]*\n)*)/gmu;

/** Every `forward` of a source: an idle one may stand before the one that counts. */
export function forwardsOf(code: string): readonly Forward[] {
  return Array.from(`${code}\n`.matchAll(FORWARD), ([, , given = "", rest = "", body = ""]) => ({
    parameters: given
      .split(",")
      .map((each) => /^\s*\**(\w+)/u.exec(each)?.[1] ?? "")
      .filter((name) => name !== "" && name !== "self"),
    body: `${rest.trim()}\n${body}`,
  }));
}
