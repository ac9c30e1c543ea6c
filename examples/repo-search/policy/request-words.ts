/** What a request says, taken apart. */
export interface RequestWords {
  /** Names that look like code: `kReply`, FST_ERR_BAD_URL, light-my-request in backticks or "the package X". */
  readonly names: readonly string[];
  /** Paths of files: lib/hooks.js. */
  readonly paths: readonly string[];
  /** Runs of neighbouring plain words, as they stand: "log controller", "early hints". */
  readonly phrases: readonly string[];
  /** Plain words that carry meaning, in lower case, longest first. */
  readonly plain: readonly string[];
}

const PATH = /\b[\w-]+(?:\/[\w.-]+)+\.(?:js|ts|md)\b/g;
const BACKTICKED = /`([^`]+)`/g;
const CODE_LIKE =
  /\b(?:[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{4,}\d+|[a-z]+\d+[a-z]+|[a-z]+[A-Z]\w*|[A-Z][a-z]+[A-Z]\w*|[a-z]+-[a-z]+-[a-z]+)\b/g;

/** Words that say what to do or hold the sentence together: searching for them finds everything. */
const STOP_WORDS = new Set(
  (
    "about above after again all also and another any are as at back be becomes been before being both but by call " +
    "called calls carry change changed changes check code codes come comes confusing counting default definition " +
    "different does done each edit edited else every everything everywhere export file files first fix follow for " +
    "from get gets give goes going has have helper holds however included including instead into its itself keep keeps " +
    "later leave left library like list load longer make makes meant module move moved moves must name named names " +
    "need needs new now number off on one only optional other others our out over pages part pass place plain private " +
    "put reference remembers rename renamed repair replace require requires right same says scope script sections " +
    "separately set several should some source sources start stay stays stores such symbol symbols take takes test " +
    "tests than that the their them then there they thing third this those touches turn two type types under update " +
    "use used uses using want was way well what when where wherever which who whoever whose will with without would " +
    "documentation docs document documents markdown declaration declarations implementation section folder root " +
    "interface method function functions parameter argument arguments object property value instance internals"
  ).split(" "),
);

/** Sentences that leave things out. */
const LEAVES_OUT =
  /\b(stays?|keeps? (?:its|their)|left alone|does not change|do not change|different|is another|separately|leave|no (?:tests|docs|type|documentation)|later|but no)\b/i;

/** Takes a request apart; with `attentive`, names in sentences that leave something out do not count. */
export function readRequest(request: string, attentive: boolean): RequestWords {
  const sentences = request.split(/(?<=[.;:?!])\s+/);
  const wanted = attentive
    ? sentences.filter((sentence, index) => index === 0 || !LEAVES_OUT.test(sentence))
    : sentences;
  const text = wanted.join(" ");
  const paths = unique(matches(text, PATH));
  const withoutPaths = text.replaceAll(PATH, " ");
  const quoted = [...withoutPaths.matchAll(BACKTICKED)].map((match) => match[1] ?? "");
  const names = unique([...quoted, ...matches(withoutPaths, CODE_LIKE)]).filter(
    (name) => !paths.includes(name),
  );
  const prose = withoutPaths.replaceAll(BACKTICKED, ". ").replaceAll(CODE_LIKE, ". ");
  return { names, paths: [...paths, ...quoted.filter((name) => name.includes("/"))], ...plainWords(prose) };
}

/** What the request asks for beside code; `null` where it says nothing. */
export function wants(request: string, subject: RegExp): boolean | null {
  const clauses = request.split(/(?<=[.;:,?!])\s+/).filter((clause) => subject.test(clause));
  if (clauses.length === 0) return null;
  return clauses.some((clause) => !LEAVES_OUT.test(clause));
}

function plainWords(prose: string): Pick<RequestWords, "phrases" | "plain"> {
  const runs = prose
    .split(/[^\w\s-]+/)
    .flatMap((part) => part.split(/\s+/).reduce<string[][]>(growRuns, [[]]))
    .filter((run) => run.length > 0);
  const plain = unique(runs.flat()).toSorted((left, right) => right.length - left.length);
  const phrases = runs
    .filter((run) => run.length > 1)
    .flatMap((run) => run.slice(1).map((word, at) => `${run[at] ?? ""} ${word}`));
  return { phrases: unique(phrases), plain };
}

function growRuns(runs: string[][], raw: string): string[][] {
  const word = raw.toLowerCase();
  if (word.length < 3 || STOP_WORDS.has(word) || /^\d+$/.test(word)) return [...runs, []];
  return [...runs.slice(0, -1), [...(runs.at(-1) ?? []), word]];
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].map((match) => match[0]);
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
