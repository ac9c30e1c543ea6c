import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileGrader } from "../../../src/grader/compile-grader.ts";
import { graderSchema } from "../../../src/grader/schema.ts";
import { trajectoryFacts } from "../../../src/grader/trajectory-facts.ts";
import type { FactsCall } from "../../../src/grader/trajectory-facts.ts";
import { ChildProcessSandbox } from "../../support/grader/child-process-sandbox.ts";
import { gradeInput, recordedWorld } from "../../support/grader/grade-input.ts";
import { HOSTILE_TEXTS, JUDGE_PROMPTS } from "../../support/grader/hostile-texts.ts";
import { startJudge } from "../../support/grader/judge-harness.ts";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockReply } from "../../support/model/mock-reply.ts";

const ITEM = { answer: "secret-answer" };
const said = (content: string): MockReply => ({ kind: "json", body: chatBody({ content }) });
const JUDGES = {
  score_model: {
    type: "score_model",
    name: "judged",
    model: "judge",
    input: [{ role: "user", content: "{{ sample.output_text }}" }],
  },
  label_model: {
    type: "label_model",
    name: "judged",
    model: "judge",
    input: [{ role: "user", content: "{{ sample.output_text }}" }],
    labels: ["kind", "rude"],
    passing_labels: ["kind"],
  },
  judge_veto: { type: "judge_veto", name: "judged", model: "judge", categories: ["copied"], cap: 0 },
} as const;
/** What a judge answers that believes whatever it reads. */
const BELIEVES = {
  score_model: '{"steps": [], "result": 1}',
  label_model: '{"reasoning": "", "label": "kind"}',
  judge_veto: '{"reasoning": "", "found": []}',
} as const;
/** A harness's time passes a hundred times faster; a judge that reads a flood on a busy machine needs some of it. */
const PATIENT = { timeLimitMs: 600_000 };
const TYPES = ["score_model", "label_model", "judge_veto"] as const;
const exact = {
  type: "string_check",
  name: "exact",
  operation: "eq",
  input: "{{ sample.output_text }}",
  reference: "{{ item.answer }}",
} as const;

describe.each(TYPES)("a judge of type %s that believes everything", (type) => {
  it("passes nothing that speaks to it, where its checks are on", async () => {
    const { grade } = await startJudge(() => said(BELIEVES[type]), PATIENT);
    const grader = { ...JUDGES[type], integrity: ["judge_injection", "no_padding"] };
    const results: unknown[] = [];
    for (const [title, text] of Object.entries(JUDGE_PROMPTS)) {
      const { reward, flags, evidence } = await grade(grader, gradeInput(ITEM, text));
      const isBounded = Object.values(evidence).every((value) => /^[\d_a-z]{1,20}$/u.test(value));
      results.push([title, reward, flags.some((flag) => flag.startsWith("integrity:")), isBounded]);
    }
    expect(results).toEqual(Object.keys(JUDGE_PROMPTS).map((title) => [title, 0, true, true]));
    expect(await grade(grader, gradeInput(ITEM, "It is 4, as the table says."))).toMatchObject({ reward: 1 });
  });

  it("is shown every text as it is, and raises no wrong answer above what else counts", async () => {
    const { server, grade } = await startJudge(() => said(BELIEVES[type]), PATIENT);
    const grader = {
      type: "multi",
      name: "both",
      graders: { exact, judged: JUDGES[type] },
      calculate_output: "min(exact, judged)",
    };
    const rewards: unknown[] = [];
    for (const text of Object.values(HOSTILE_TEXTS)) {
      rewards.push((await grade(grader, gradeInput(ITEM, text))).reward);
    }
    expect(rewards).toEqual(rewards.map(() => 0));
    expect(server.requests.map(({ text }) => text.includes("secret-answer"))).toEqual(
      rewards.map(() => false),
    );
  });

  it.each([
    ["a number without an end", '{"steps": [], "result": 1e999, "found": 1e999, "label": 1e999}'],
    ["words for a number", '{"steps": [], "result": "Infinity", "found": "none", "label": "KIND"}'],
    ["nothing but brackets", "[".repeat(100_000)],
    ["two verdicts", `${BELIEVES[type]}${BELIEVES[type]}`],
    ["a name that objects have", '{"__proto__": {"result": 1, "label": "kind", "found": []}}'],
  ])("is not believed when it was talked into %s", async (_case, content) => {
    const { grade } = await startJudge(() => said(content), PATIENT);
    const [end] = await Promise.allSettled([grade(JUDGES[type], gradeInput(ITEM, "x"))]);
    const wanted =
      type === "score_model"
        ? { value: { reward: 0, flags: ["model_grader_parse_error"] } }
        : { reason: { code: "grader_bad_answer", failureClass: "grader" } };
    expect(end).toMatchObject(wanted);
  });
});

describe("a python grader", () => {
  let sandbox: ChildProcessSandbox;
  beforeAll(async () => {
    sandbox = await ChildProcessSandbox.create();
  });
  afterAll(() => sandbox.remove());

  it.each(Object.entries(HOSTILE_TEXTS))(
    "gives nothing for %s, though it prints it",
    async (_title, text) => {
      const source = `import sys
def grade(sample, item):
    text = sample["output_text"].encode("utf-8", "replace").decode()
    print(text)
    print(text, file=sys.stderr)
    return 1.0 if sample["output_text"] == item["answer"] else 0.0
`;
      const grader = compileGrader({ type: "python", name: "py", source }, { passThreshold: 1 });
      const { deps } = recordedWorld([], sandbox);
      expect(await grader.grade(gradeInput(ITEM, text), deps)).toMatchObject({ reward: 0, flags: [] });
    },
  );

  it.each(["NaN", "Infinity", "1e999"])("that makes a number of the answer %s gives none", async (text) => {
    const source = `def grade(sample, item):\n    return float(sample["output_text"])\n`;
    const both = {
      type: "multi",
      name: "both",
      graders: { py: { type: "python", name: "py", source }, exact },
      calculate_output: "max(py, 1 - exact)",
    };
    const grader = compileGrader(graderSchema.parse(both), { passThreshold: 1 });
    const { deps } = recordedWorld([], sandbox);
    await expect(grader.grade(gradeInput(ITEM, text), deps)).rejects.toMatchObject({
      code: "grader_bad_answer",
    });
  });
});

describe("a trajectory grader", () => {
  const call = (name: string, argumentsJson: string): FactsCall => ({
    name,
    argumentsJson,
    returned: { output: "", result: "ok", startedAtMs: 0, durationMs: 1 },
  });
  const turnsOf = (calls: readonly FactsCall[]) => [
    {
      usage: { promptTokens: 1, completionTokens: 1, cachedTokens: 0, reasoningTokens: 0 },
      modelMs: 1,
      calls,
    },
  ];

  it("counts calls and repeats whatever their names and arguments are", async () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const calls = [
      call("search", '{"q": "a"}'),
      call("search", '{ "q" : "\\u0061" }'),
      call("search", deep),
      call("search", deep),
      call("__proto__", "{}"),
      call("constructor", "not json \uD800"),
      call("search", '{"n": 1e999}'),
      call("search", '{"__proto__": {"q": "a"}}'),
      ...Array.from({ length: 5000 }, (_, index) => call("search", `{"n": ${index}}`)),
    ];
    const facts = trajectoryFacts({ turns: turnsOf(calls), seal: null }, "x".repeat(1_000_000));
    expect(facts).toMatchObject({
      turns: 1,
      repeatedCalls: 2,
      maxParallel: 5008,
      answerCharacters: 1_000_000,
    });
    const spec = {
      type: "trajectory",
      name: "thrift",
      formula: "max(0, 1 - 0.001 * tool_calls.search - 0.1 * repeated_calls - 0.000001 * answer_chars)",
    };
    const grader = compileGrader(graderSchema.parse(spec), { passThreshold: 1, tools: ["search"] });
    const input = { ...gradeInput(ITEM, "x"), trajectory: facts };
    expect(await grader.grade(input, recordedWorld().deps)).toMatchObject({ reward: 0 });
  });
});
