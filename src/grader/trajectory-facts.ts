import { canonicalJson } from "../lib/canonical-json.ts";
import { consumedAgentMs } from "../rollout/agent-time.ts";
import type { TimedCall, TimedTurn } from "../rollout/agent-time.ts";
import type { AttemptState, CallReturn, CallState, TurnState } from "../rollout/state.ts";

/** What happened in an attempt, as far as formulas may ask. */
export interface TrajectoryFacts {
  readonly turns: number;
  /** Every call on record, those that were rejected too, in order. */
  readonly calls: readonly CallFact[];
  /** Most calls of one turn. */
  readonly maxParallel: number;
  /** Calls that repeat an earlier one: the same tool with the same arguments. */
  readonly repeatedCalls: number;
  /** Tools that a call ended well of in the last turn with calls; empty unless the agent answered. */
  readonly checkedBeforeAnswer: readonly string[];
  /** Null when a turn's tokens were not reported. */
  readonly tokens: { readonly prompt: number; readonly completion: number } | null;
  /** Code points of the last assistant text. */
  readonly answerCharacters: number;
  /** Model and tool seconds, as the agent's deadline counts them. */
  readonly agentSeconds: number;
}

/** One tool call. */
export interface CallFact {
  readonly name: string;
  readonly turn: number;
  /** Among its turn's calls. */
  readonly index: number;
  readonly argumentsJson: string;
  /** What the model saw of it. */
  readonly output: string;
  /** False for one that was rejected, or has no answer on record. */
  readonly ran: boolean;
}

/** What of a tool call the facts are read off. */
export interface FactsCall extends Pick<CallState, "name" | "argumentsJson">, TimedCall {
  readonly returned: Pick<CallReturn, "output" | "result" | "startedAtMs" | "durationMs"> | null;
}

/** What of a turn the facts are read off. */
export interface FactsTurn extends Pick<TurnState, "usage">, TimedTurn {
  readonly calls: readonly FactsCall[];
}

/** Reads the facts off a folded attempt. `answer` is the sample's `output_text`. */
export function trajectoryFacts(
  { turns, seal }: Pick<AttemptState, "seal"> & { readonly turns: readonly FactsTurn[] },
  answer: string,
): TrajectoryFacts {
  const calls = turns.flatMap((turn) => turn.calls);
  const isAnswered = seal?.kind === "stopped" && seal.reason === "answered";
  return {
    turns: turns.length,
    calls: turns.flatMap((turn, at) => turn.calls.map((call, index) => callFact(call, at, index))),
    maxParallel: Math.max(0, ...turns.map((turn) => turn.calls.length)),
    repeatedCalls: calls.length - new Set(calls.map(identityOf)).size,
    checkedBeforeAnswer: isAnswered ? endedWell(turns) : [],
    tokens: tokensOf(turns),
    answerCharacters: [...answer].length,
    agentSeconds: consumedAgentMs(turns) / 1000,
  };
}

function callFact({ name, argumentsJson, returned }: FactsCall, turn: number, index: number): CallFact {
  const ran = returned !== null && returned.result !== "rejected";
  return { name, turn, index, argumentsJson, output: returned?.output ?? "", ran };
}

/** Arguments that differ in the order of their keys or in blanks only are the same. */
function identityOf({ name, argumentsJson }: FactsCall): string {
  return `${name}\n${canonicalArguments(argumentsJson)}`;
}

function canonicalArguments(text: string): string {
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return text;
  }
}

function endedWell(turns: readonly FactsTurn[]): readonly string[] {
  const last = turns.findLast((turn) => turn.calls.length > 0)?.calls ?? [];
  return last.flatMap(({ name, returned }) => (returned?.result === "ok" ? [name] : []));
}

function tokensOf(turns: readonly FactsTurn[]): TrajectoryFacts["tokens"] {
  const usages = turns.flatMap(({ usage }) => (usage === null ? [] : [usage]));
  if (usages.length < turns.length) return null;
  return {
    prompt: usages.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
    completion: usages.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
  };
}
