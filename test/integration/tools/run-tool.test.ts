import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createToolRunner } from "../../../src/rollout/tools/run-tool.ts";
import { LocalSession } from "../../support/tools/local-session.ts";
import { runnerDeps, toolRun, toolsOf } from "../../support/tools/tool-run.ts";

const SEARCH = {
  name: "search",
  parameters: {
    type: "object",
    properties: { pattern: { type: "string" } },
    required: ["pattern"],
    additionalProperties: false,
  },
  exec: { argv: ["grep", "-rnE", "--", "{{ arguments.pattern }}", "."] },
};
const ENV_TOOL = {
  name: "who",
  exec: { argv: ["sh", "-c", "echo $WHO"], env: { WHO: "{{ item.question }}" } },
};

let session: LocalSession;
beforeEach(async () => {
  session = await LocalSession.open();
});
afterEach(() => session.remove());

const runner = createToolRunner(toolsOf(SEARCH, ENV_TOOL, { preset: "shell" }), runnerDeps());

describe("a tool that is a command", () => {
  it("runs with its arguments and shows stdout", async () => {
    await session.writeFile("a.txt", Buffer.from("needle\n"), "setup");
    const returned = await runner(toolRun("search", { pattern: "need.e" }, { session }));
    expect(returned).toMatchObject({
      output: "./a.txt:1:needle\n",
      result: "ok",
      exitCode: 0,
      timedOut: false,
    });
    expect(session.ran).toContain("abc-3-1/1/2/0");
  });

  it("gives no shell what the model wrote", async () => {
    const returned = await runner(toolRun("search", { pattern: "x; echo pwned" }, { session }));
    expect(returned).toMatchObject({ output: "[exit code 1]", result: "failed", exitCode: 1 });
  });

  it("sees the item through its environment only", async () => {
    expect(await runner(toolRun("who", {}, { session }))).toMatchObject({ output: "q\n" });
  });

  it.each([
    ["an unknown tool", "nope", {}, 'There is no tool "nope". Tools: search, who, shell.'],
    ["arguments that are no JSON", "search", "{oops", "The arguments are not valid JSON."],
    ["arguments that are no object", "search", "[1]", "The arguments must be a JSON object."],
    ["a missing argument", "search", {}, 'The argument "pattern" is required.'],
    ["an unknown argument", "search", { pattern: "a", x: 1 }, 'Unknown argument "x".'],
    ["a wrong type", "search", { pattern: 1 }, 'The argument "pattern" must be string.'],
    ["a NUL", "shell", { command: "a\0b" }, expect.stringContaining("NUL")],
  ])("rejects %s with a sentence and runs nothing", async (_name, tool, args, output) => {
    const returned = await runner(toolRun(tool, args, { session }));
    expect(returned).toMatchObject({ output, result: "rejected", exitCode: null, durationMs: 0 });
    expect(session.ran).toEqual([]);
  });

  it("is the stored answer when its call id comes again", async () => {
    const run = toolRun("shell", { command: "echo x >> f; cat f" }, { session });
    const first = await runner(run);
    expect(await runner(run)).toMatchObject({ output: "x\n", durationMs: first.durationMs });
    expect(session.ran).toHaveLength(1);
  });

  it("ends at what is left of the agent's time, and says so", async () => {
    const run = toolRun("shell", { command: "echo begun; sleep 30" }, { session, remainingMs: 300 });
    const returned = await runner(run);
    expect(returned).toMatchObject({ result: "failed", timedOut: true });
    expect(returned.output).toBe("begun\n[timed out after 0.3 s]");
  });

  it("is a fault of ours without a sandbox", async () => {
    await expect(runner(toolRun("shell", { command: "true" }))).rejects.toMatchObject({
      code: "internal",
    });
  });
});
