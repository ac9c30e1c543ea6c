/** A part of code that a reading of its language has made out; what lies between parts is plain code. */
export interface CodePart {
  /**
   * `remark`: does nothing. `text`: a string, or an escape. `open`, `close`: a bracket. `newline`: the end of a line.
   * `unclear`: from here on the reading can't tell what is code.
   */
  readonly kind: "remark" | "text" | "open" | "close" | "newline" | "unclear";
  readonly from: number;
  /** After the last character. */
  readonly to: number;
}

/** Makes out the parts of code, in order; an `unclear` one is the last. */
export type CodeReading = (code: string) => Iterable<CodePart>;

/** What stands at a token: its kind and where it ends. */
export type PartAtToken = (code: string, token: RegExpExecArray) => Pick<CodePart, "kind" | "to">;

/** No more is told of the code. */
export const UNCLEAR = { kind: "unclear", to: Infinity } as const;

/** Finds token after token, each after the part that the one before it began. One pass. */
export function* partsOf(code: string, tokens: RegExp, partAt: PartAtToken): Generator<CodePart> {
  const next = new RegExp(tokens.source, "giu");
  for (let token = next.exec(code); token !== null; token = next.exec(code)) {
    const { kind, to } = partAt(code, token);
    const end = Math.min(to, code.length);
    yield { kind, from: token.index, to: end };
    if (kind === "unclear") return;
    next.lastIndex = end;
  }
}

/** The string whose text begins at a place, up to after its closing quotes; unclear where a line or the code ends first. */
export function stringAt(code: string, from: number, ends: RegExp): Pick<CodePart, "kind" | "to"> {
  const next = new RegExp(ends.source, "gu");
  next.lastIndex = from;
  for (let end = next.exec(code); end !== null; end = next.exec(code)) {
    const [found] = end;
    if (found === "\n" || found === "\r") return UNCLEAR;
    if (!found.startsWith("\\")) return { kind: "text", to: end.index + found.length };
  }
  return UNCLEAR;
}

/** What reaches from a place to what closes it; unclear where nothing does. */
export function closedBy(
  code: string,
  closing: string,
  { kind, from }: Omit<CodePart, "to">,
): Pick<CodePart, "kind" | "to"> {
  const end = code.indexOf(closing, from);
  return end === -1 ? UNCLEAR : { kind, to: end + closing.length };
}

/** The rest of a line, without its end. */
export function restOfLine(code: string, from: number, ends: RegExp): Pick<CodePart, "kind" | "to"> {
  const next = new RegExp(ends.source, "gu");
  next.lastIndex = from;
  return { kind: "remark", to: next.exec(code)?.index ?? code.length };
}

const HOLDS_MORE = /'''|"""|[\\#`]/u;
const SIMPLE = /^(?:[^'"/]|'[^'\n]*'|"[^"\n]*")*$/u;

/** Whether a piece of code within a string holds nothing that could be read in two ways: no string in its strings, and no remark. */
export function isSimple(piece: string): boolean {
  return !HOLDS_MORE.test(piece) && SIMPLE.test(piece);
}
