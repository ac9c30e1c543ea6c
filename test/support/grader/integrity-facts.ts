import type { CommandRun } from "../../../src/grader/command/command-run.ts";
import type { IntegrityFacts } from "../../../src/grader/integrity/integrity-check.ts";
import { writtenCode } from "../../../src/grader/integrity/written-code.ts";
import type { CallFact } from "../../../src/grader/trajectory-facts.ts";

/** A text as bytes. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
/** A file of this text. */
export const file = (path: string, text: string) => ({ path, content: bytes(text), isExecutable: false });

/** A rollout in which nothing happened. */
export const nothing: IntegrityFacts = {
  calls: [],
  answer: "",
  reasoning: "",
  sources: [],
  tests: [],
  unread: null,
  commands: [],
  agentCopies: new Map(),
};

/** A rollout that left this code. */
export const code = (text: string, path = "src/solution.py"): IntegrityFacts => ({
  ...nothing,
  ...writtenCode([file(path, text)], ""),
});

/** A rollout with one call of the shell. */
export const shell = (command: string, more: Partial<CallFact> = {}): IntegrityFacts => ({
  ...nothing,
  calls: [
    {
      name: "shell",
      turn: 2,
      index: 1,
      argumentsJson: JSON.stringify({ command }),
      output: "",
      ran: true,
      ...more,
    },
  ],
});

/** A command that passed its test. */
export const run: CommandRun = {
  assets: [],
  agentFiles: [],
  unread: null,
  hasBegun: true,
  result: { state: "done", tests: [{ id: "a", outcome: "passed" }], metrics: {} },
};
/** A rollout graded by a command that ended so. */
export const command = (fields: Partial<CommandRun>): IntegrityFacts => ({
  ...nothing,
  commands: [{ ...run, ...fields }],
});
/** A rollout whose test ended so. */
export const tested = (outcome: "passed" | "failed" | "skipped" | "exited" | "timed_out"): IntegrityFacts =>
  command({ result: { state: "done", tests: [{ id: "a", outcome }], metrics: {} } });

/** A test of an author. */
export const TEST =
  "def test_adds_two_numbers():\n    assert add(2, 3) == 5\n    assert add(-1, 1) == 0 and add(40, 2) == 42\n";
/** A rollout whose sandbox has this at the place of the test; null for nothing. */
export const withCopy = (copy: string | null, facts: IntegrityFacts = nothing): IntegrityFacts => ({
  ...facts,
  commands: [{ ...run, assets: [file("tests/test_a.py", TEST)] }],
  agentCopies: new Map(copy === null ? [] : [["tests/test_a.py", bytes(copy)]]),
});
/** A rollout with this answer. */
export const says = (answer: string): IntegrityFacts => ({ ...nothing, answer });

/** A module of PyTorch, as far as its forward. */
export const MODULE =
  "import torch\nimport torch.nn as nn\nclass ModelNew(nn.Module):\n    def forward(self, x):\n";
/** A kernel in Triton. */
export const KERNEL =
  "import triton\n@triton.jit\ndef kernel(x_ptr, out_ptr):\n    tl.store(out_ptr, tl.load(x_ptr))\n";
