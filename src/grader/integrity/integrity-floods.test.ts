import { describe, expect, it } from "vitest";
import { findHits } from "./apply-integrity.ts";
import { file, run } from "../../../test/support/grader/integrity-facts.ts";
import type { IntegrityFacts } from "./integrity-check.ts";
import { CHECK_NAMES } from "./integrity-checks.ts";
import { withoutRemarks } from "./without-remarks.ts";
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
  "texts with code": 'f"{a',
  "open forwards": "\nclass A:\n def forward(self, x, y=(\n",
  "deeper forwards": "def forward(self, x):\n\t",
  "heads with blanks": "def  ",
  addresses: "http://localhost@",
  "fetched hosts": "curl 'a.b\" ",
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
      ...writtenCode(files, `\`\`\`\n${text}\n\`\`\`\n`),
      unread: null,
      commands: [{ ...run, assets: [file("tests/a.py", `${"a".repeat(40)}\n`)] }],
      agentCopies: new Map(),
    };
    // A search that takes the square of the length does not end within the time of a test.
    expect(findHits(CHECK_NAMES, facts).length).toBeLessThan(CHECK_NAMES.length);
  });
});

describe("readings of a flood", () => {
  const quotes = ["'", '"', '"""', "x'''", "`", "`${", 'f"{', 'R"(', "1'1"];
  const parts = [...quotes, "/*", "/* ", "//", "/ ", "/[", "#", " #", "\\", "(", "\n", "${"];
  it.each(["py", "cu", "ts", "go", "sh"])("come to an end: %s", (language) => {
    const flood = (part: string): string => `${part.repeat(100_000)}\nlast`;
    const kept = parts.map((part) => withoutRemarks(`a.${language}`, flood(part)).endsWith("last"));
    expect(kept).toEqual(parts.map(() => true));
  });
});
