import type { CallFact } from "../trajectory-facts.ts";
import type { Finding } from "./integrity-check.ts";

/** The first call whose look shows something, and how many do; what did not run is left out. */
export function scanCalls(
  calls: readonly CallFact[],
  lookAt: (call: CallFact) => string | null,
): Finding | null {
  const found = calls
    .filter(({ ran }) => ran)
    .flatMap((call) => {
      const reason = lookAt(call);
      return reason === null ? [] : [{ reason, call }];
    });
  const [first] = found;
  if (first === undefined) return null;
  const { turn, index } = first.call;
  return {
    reason: first.reason,
    evidence: { turn: String(turn), call: String(index), calls: String(found.length) },
  };
}

/** Every text among a call's arguments, wherever it stands, and all together: a command may come in pieces. */
export function argumentTexts({ argumentsJson }: Pick<CallFact, "argumentsJson">): readonly string[] {
  try {
    const texts = textsOf(JSON.parse(argumentsJson));
    return texts.length > 1 ? [...texts, texts.join(" ")] : texts;
  } catch {
    return [argumentsJson];
  }
}

/** Without recursion: how deep arguments are nested is the agent's to choose. */
function textsOf(value: unknown): readonly string[] {
  const texts: string[] = [];
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "string") texts.push(next);
    if (typeof next === "object" && next !== null)
      for (const each of Object.values(next).toReversed()) left.push(each);
  }
  return texts;
}
