import type { LogStore, StoredMessage } from "../bus/port.ts";
import { HEADERS } from "../bus/port.ts";
import { eventsSubject } from "../bus/subjects.ts";
import type { TokenUsage } from "../model/port.ts";
import type { AttemptRef } from "./attempt-ref.ts";
import { decodeLogMessage } from "./log-message.ts";
import type { AttemptState } from "./state.ts";

/** Tokens of the attempt's turns; null when the server reported none. */
export function attemptUsage(attempt: AttemptState): TokenUsage | null {
  return sum(attempt.turns.flatMap(({ usage }) => (usage === null ? [] : [usage])));
}

/**
 * Tokens of an attempt whose log does not fold: of each turn that some message of the attempt tells of, once. What can't be
 * decoded is left out. Rejects with `bus_unavailable`.
 */
export async function usageOnRecord(
  store: Pick<LogStore, "read">,
  ref: AttemptRef,
): Promise<TokenUsage | null> {
  const byTurn = new Map<number, TokenUsage>();
  for (const message of await store.read("events", eventsSubject(ref))) {
    if (Number(message.headers[HEADERS.attempt]) !== ref.attempt) continue;
    for (const [turn, usage] of turnsIn(message)) byTurn.set(turn, usage);
  }
  return sum([...byTurn.values()]);
}

function turnsIn(message: StoredMessage): readonly (readonly [turn: number, usage: TokenUsage])[] {
  try {
    return (decodeLogMessage(message).events ?? []).flatMap(({ kind }) =>
      kind.case === "turnSampled" && kind.value.usage !== undefined
        ? [[kind.value.turn, kind.value.usage]]
        : [],
    );
  } catch {
    return [];
  }
}

function sum(reported: readonly TokenUsage[]): TokenUsage | null {
  if (reported.length === 0) return null;
  return reported.reduce((all, usage) => ({
    promptTokens: all.promptTokens + usage.promptTokens,
    completionTokens: all.completionTokens + usage.completionTokens,
    cachedTokens: all.cachedTokens + usage.cachedTokens,
    reasoningTokens: all.reasoningTokens + usage.reasoningTokens,
  }));
}
