import { chance } from "./chance.ts";
import { readConversation } from "./conversation.ts";
import type { Conversation } from "./conversation.ts";
import type { ChatRequest } from "./chat-request.ts";
import { guessNames } from "./guess-name.ts";
import { habitsOf } from "./habits.ts";
import type { Habits } from "./habits.ts";
import { firstPatterns, namedPatterns, namePattern } from "./plan-searches.ts";
import { readRequest } from "./request-words.ts";
import type { RequestWords } from "./request-words.ts";
import { isProse, searchResults } from "./search-hits.ts";
import type { SearchResult } from "./search-hits.ts";
import { candidates } from "./select-files.ts";

/** A tool call that the policy wants to make; `arguments` is the text that goes out. */
export interface WantedCall {
  readonly name: string;
  readonly arguments: string;
}

/** What the policy does next: it calls tools, or it answers and is done. */
export type NextStep =
  | { readonly kind: "call"; readonly calls: readonly WantedCall[] }
  | { readonly kind: "answer"; readonly text: string };

interface Scene {
  readonly conversation: Conversation;
  readonly habits: Habits;
  readonly words: RequestWords;
  readonly results: readonly SearchResult[];
  readonly seed: number;
}

/**
 * The whole policy: a pure function of the messages, the tools' names and the seed.
 * First broad searches at once, then a search for the name behind the words, then a look into doubtful files.
 */
export function nextStep(request: ChatRequest): NextStep {
  const conversation = readConversation(request.messages);
  const habits = habitsOf(request.seed);
  const words = readRequest(conversation.request, habits.attentive);
  const scene = {
    conversation,
    habits,
    words,
    results: searchResults(conversation.calls),
    seed: request.seed,
  };
  const calls = callsOfTurn(scene).filter(
    ({ name }) =>
      request.toolNames.includes(name) || (habits.slip === "unknown_tool" && request.toolNames.length > 0),
  );
  return calls.length > 0 ? { kind: "call", calls } : { kind: "answer", text: answer(scene) };
}

function callsOfTurn(scene: Scene): readonly WantedCall[] {
  switch (scene.conversation.turns) {
    case 0:
      return slipped(firstCalls(scene), scene.habits);
    case 1:
      return [...missedCalls(scene), ...followUps(scene)];
    case 2:
      return doubtfulReads(scene);
    default:
      return [];
  }
}

function firstCalls({ words, habits }: Scene): readonly WantedCall[] {
  const searches = firstPatterns(words, habits).map(search);
  return [...searches, { name: "list", arguments: "{}" }];
}

function search(pattern: string): WantedCall {
  return { name: "search", arguments: JSON.stringify({ pattern }) };
}

/** The mistakes that models make: the last search goes to a tool that is not there, or its arguments break off. */
function slipped(calls: readonly WantedCall[], { slip }: Habits): readonly WantedCall[] {
  const [first, ...others] = calls;
  if (first === undefined) return calls;
  if (slip === "unknown_tool") return [{ ...first, name: "grep_search" }, ...others];
  if (slip === "broken_arguments") return [{ ...first, arguments: first.arguments.slice(0, -2) }, ...others];
  return calls;
}

/** Searches of the first turn that a slip spoiled, now as they should have been. */
function missedCalls(scene: Scene): readonly WantedCall[] {
  const done = new Set(scene.results.map(({ pattern }) => pattern));
  return firstPatterns(scene.words, scene.habits)
    .filter((pattern) => !done.has(pattern))
    .map(search);
}

function followUps(scene: Scene): readonly WantedCall[] {
  const { conversation, habits, words, results } = scene;
  if (!habits.curious || focused(scene).length > 0) return [];
  return guessNames(conversation.request, words, results)
    .slice(0, habits.precise ? 1 : 2)
    .map((name) => search(namePattern(name, habits)));
}

/** Results that come from a name or a path in the request, rather than from its plain words. */
function focused({ words, habits, results }: Scene): readonly SearchResult[] {
  const given = new Set(namedPatterns(words, habits));
  return results.filter(({ pattern, hits }) => given.has(pattern) && hits.length > 0);
}

/** The searches that the answer rests on: for given names, else for guessed ones, else all. */
function telling(scene: Scene): readonly SearchResult[] {
  const { words, habits, results } = scene;
  const found = focused(scene);
  if (found.length > 0) return found;
  const planned = new Set(firstPatterns(words, habits));
  const guessed = results.filter(({ pattern, hits }) => !planned.has(pattern) && hits.length > 0);
  return guessed.length > 0 ? guessed : results.slice(0, 1);
}

function doubtfulReads(scene: Scene): readonly WantedCall[] {
  const { conversation, habits } = scene;
  return candidates(conversation.request, telling(scene), habits)
    .filter(({ lines }) => lines.length === 1)
    .slice(0, habits.reads)
    .map(({ path, lines: [line = 1] }) => ({ path, start_line: Math.max(1, line - 2), end_line: line + 2 }))
    .map((window) => ({ name: "read", arguments: JSON.stringify(window) }));
}

function answer(scene: Scene): string {
  const files = chooseFiles(scene);
  if (scene.habits.slip === "prose_answer") return `I would change these files: ${files.join(", ")}.`;
  return JSON.stringify({ files });
}

function chooseFiles(scene: Scene): readonly string[] {
  const { conversation, habits, words, seed } = scene;
  const named = words.paths.slice(0, 1);
  const found = candidates(conversation.request, telling(scene), habits)
    .slice(0, habits.patience)
    .map(({ path }) => path)
    .filter((path) => !refuted(conversation, path))
    .filter((path) => chance(seed, `overlooks:${path}`) >= 0.08);
  return [...new Set([...named, ...found])].toSorted();
}

/** Whether reading a file showed nothing but comments and titles of tests around its only hit. */
function refuted({ calls }: Conversation, path: string): boolean {
  const readings = calls.filter((call) => call.name === "read" && call.arguments?.["path"] === path);
  return readings.some(({ output }) => output.split("\n").every((text) => isProse({ path, text })));
}
