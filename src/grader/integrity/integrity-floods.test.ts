import { describe, expect, it } from "vitest";
import { findHits } from "./apply-integrity.ts";
import { file, run } from "../../../test/support/grader/integrity-facts.ts";
import type { IntegrityFacts } from "./integrity-check.ts";
import { CHECK_NAMES } from "./integrity-checks.ts";
import { writtenCode } from "./written-code.ts";

const LENGTH = 150_000;
/** What makes a search start at every place and look far from each. */
const FLOODS = {
  "options of git": `git ${"-a ".repeat(60)}`,
  "git with words": "exec git diff ",
  "opened remarks": "/*",
  "quotes that are not closed": `x '''`,
  "empty lines": "\n",
  blanks: " ",
  "calls of ctypes": "ctypes ",
  forwards: "def forward(\n",
  comparisons: "def __eq__(",
  attributes: "np.",
  brackets: "builtins[",
  removals: "rm ",
  braces: `{"score":`,
  requests: "give ",
  excepts: "except ",
  classes: "class ",
  downloads: "curl scp ",
  programs: "python -c ",
  pointers: "key = [x.data_ptr",
  caches: "cache",
  "results of caches": "return _cache_",
  "blanks after a test": "assert True ",
  tests: "it('',() => ",
  kernels: "@triton.jit\n__global__ void ",
  branches: "if True ",
  layers: "self.a = nn.self.a(",
  "changed inputs": "def forward(self, x):\n x[0",
  "deleted tests": "rm tests/ ",
  accents: "a\u0301",
} as const;

describe("checks of integrity over a flood", () => {
  it.each(Object.entries(FLOODS))("come to an end: %s", (_name, part) => {
    const text = `${part.repeat(Math.ceil(LENGTH / part.length))}${" ".repeat(LENGTH)}`;
    const ended = `give${text}`;
    const content = new TextEncoder().encode(text);
    const files = ["src/solution.py", "tests/test_a.py"].map((path) => ({
      path,
      content,
      isExecutable: false,
    }));
    const facts: IntegrityFacts = {
      calls: [
        {
          name: "shell",
          turn: 1,
          index: 0,
          argumentsJson: JSON.stringify({ command: text }),
          output: text,
          ran: true,
        },
      ],
      answer: ended,
      reasoning: text,
      ...writtenCode(files, `\`\`\`\n${text}`),
      unread: null,
      commands: [{ ...run, assets: [file("tests/a.py", `${"a".repeat(40)}\n`)] }],
      agentCopies: new Map(),
    };
    // A search that takes the square of the length does not end within the time of a test.
    expect(findHits(CHECK_NAMES, facts).length).toBeLessThan(CHECK_NAMES.length);
  });
});
