import { describe, expect, it } from "vitest";
import { parseChatRequest } from "./chat-request.ts";
import { habitsOf } from "./habits.ts";
import type { Habits } from "./habits.ts";
import { nextStep } from "./next-step.ts";

const QUESTION = "Rename the private symbol `kRoutePrefix` to `kPrefix` wherever it is used.";
const TOOLS = ["search", "list", "read"].map((name) => ({ type: "function", function: { name } }));

interface Exchange {
  readonly call: { readonly name: string; readonly arguments: string };
  readonly output: string;
}

/** A seed whose habits are as wished; the search ends because habits are spread over all seeds. */
function seedWith(wish: Partial<Habits>): number {
  const wished = Object.entries(wish) as [keyof Habits, unknown][];
  for (let seed = 0; seed < 100_000; seed++) {
    const habits = habitsOf(seed);
    if (wished.every(([habit, value]) => habits[habit] === value)) return seed;
  }
  throw new Error("no such seed");
}

function step(seed: number, turns: readonly (readonly Exchange[])[] = [], question = QUESTION) {
  const history = turns.flatMap((exchanges, turn) => [
    {
      role: "assistant",
      content: null,
      tool_calls: exchanges.map(({ call }, index) => ({
        id: `${turn}-${index}`,
        type: "function",
        function: call,
      })),
    },
    ...exchanges.map(({ output }, index) => ({
      role: "tool",
      tool_call_id: `${turn}-${index}`,
      content: output,
    })),
  ]);
  const messages = [
    { role: "system", content: "Find files." },
    { role: "user", content: question },
    ...history,
  ];
  return nextStep(parseChatRequest({ model: "scripted-policy", messages, tools: TOOLS, seed }));
}

function search(pattern: string, output: string): Exchange {
  return { call: { name: "search", arguments: JSON.stringify({ pattern }) }, output };
}

describe("the scripted policy", () => {
  it("asks for several things at once in its first turn", () => {
    const first = step(seedWith({ slip: "none", breadth: 2 }));

    expect(first.kind === "call" && first.calls.map(({ name }) => name)).toEqual([
      "search",
      "search",
      "list",
    ]);
  });

  it("does the same for the same messages and seed", () => {
    const twice = [5, 5].map((seed) => JSON.stringify(step(seed)));

    expect(twice[0]).toBe(twice[1]);
  });

  it("goes about its task in different ways for different seeds", () => {
    const ways = new Set(Array.from({ length: 20 }, (_, seed) => JSON.stringify(step(seed))));

    expect(ways.size).toBeGreaterThan(4);
  });

  it("answers with the files that its searches printed, whatever their order", () => {
    const seed = seedWith({ slip: "none", precise: true, reads: 0, breadth: 2 });
    const lines = [
      "lib/route.js:7:  kRoutePrefix,",
      "fastify.js:1:const { kRoutePrefix } = x",
      "lib/symbols.js:9:  kRoutePrefix: 1",
    ];
    const answers = [lines, lines.toReversed()].map((printed) =>
      step(seed, [[search("\\bkRoutePrefix\\b", printed.join("\n"))], [search("\\bkPrefix\\b", "")]]),
    );

    expect(answers[0]).toEqual({ kind: "answer", text: expect.stringContaining("lib/route.js") });
    expect(answers[1]).toEqual(answers[0]);
  });

  it("leaves out a file that only mentions the name in a comment", () => {
    const seed = seedWith({ slip: "none", precise: true, reads: 0, breadth: 2 });
    const found = search(
      "\\bkRoutePrefix\\b",
      "lib/a.js:3:// kRoutePrefix is old\nlib/route.js:7:  kRoutePrefix,",
    );

    expect(step(seed, [[found], []])).toEqual({ kind: "answer", text: '{"files":["lib/route.js"]}' });
  });

  it("turns plain words into a name that it saw and searches for that", () => {
    const seed = seedWith({ slip: "none", precise: true, curious: true, attentive: true, breadth: 4 });
    const question = "The private symbol that holds the log controller of an instance needs a better name.";
    const found = search("[lL]og[-_. ]?[cC]ontroller", "lib/reply.js:4:  const x = this[kLogController]");

    const next = step(seed, [[found]], question);

    expect(next.kind === "call" && next.calls).toContainEqual(search("\\bkLogController\\b", "").call);
  });

  it("makes up for arguments that broke off by searching again", () => {
    const seed = seedWith({ slip: "broken_arguments", precise: true });
    const first = step(seed);
    const broken = first.kind === "call" ? first.calls[0] : undefined;

    const second = step(seed, [
      [{ call: broken ?? { name: "", arguments: "" }, output: "The arguments are not valid JSON." }],
    ]);

    expect(() => JSON.parse(broken?.arguments ?? "") as unknown).toThrow(SyntaxError);
    expect(second.kind === "call" && second.calls).toContainEqual(search("\\bkRoutePrefix\\b", "").call);
  });

  it("calls a tool that does not exist for some seeds, and answers in prose for others", () => {
    const unknown = step(seedWith({ slip: "unknown_tool" }));
    const prose = step(seedWith({ slip: "prose_answer" }), [[], [], []]);

    expect(unknown.kind === "call" && unknown.calls[0]?.name).toBe("grep_search");
    expect(prose).toEqual({ kind: "answer", text: expect.stringMatching(/^I would change/) });
  });

  it("answers at once when it is given no tools", () => {
    const request = { model: "scripted-policy", messages: [{ role: "user", content: QUESTION }], seed: 3 };

    expect(nextStep(parseChatRequest(request))).toEqual({ kind: "answer", text: '{"files":[]}' });
  });
});
