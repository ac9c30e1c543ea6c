import type { Body, ContractBehaviour } from "./contract-server.ts";

const error = { error: { code: "e" } };
const output = (body: Body, text: string): Body => ({
  type: "function_call_output",
  call_id: body["call_id"],
  id: body["id"],
  output: text,
});
let scores = 0;

/** Without any score, no rule of the score holds. */
const NO_SCORE = [
  "grader.score: fail",
  "grader.no-calls: fail",
  "grader.empty-answer: fail",
  "grader.repeat: fail",
  "grader.repeat-at-once: fail",
  "grader.burst: fail",
];

/** Servers that are wrong in one thing, and what the suite has to say of each. */
export const WRONG_SERVERS: readonly (readonly [string, Partial<ContractBehaviour>, readonly string[]])[] = [
  ["runs every repeat again", { kept: null }, ["tools.repeat: fail", "tools.repeat-at-once: fail"]],
  ["runs what comes again before the first has ended", { reserves: false }, ["tools.repeat-at-once: fail"]],
  [
    "takes a new call with known arguments for a repeat",
    { kept: ({ trace_id, arguments: given }) => JSON.stringify([trace_id, given]) },
    ["tools.repeat: fail", "tools.repeat-at-once: fail", "tools.new-call-id: fail", "tools.parallel: fail"],
  ],
  [
    "answers a call_id of another trace from that trace",
    { kept: ({ call_id }) => String(call_id) },
    ["tools.traces-apart: fail"],
  ],
  [
    "lets all traces share a sandbox",
    { place: () => "", late: null },
    ["tools.repeat: fail", "tools.repeat-at-once: fail", "tools.parallel: fail", "tools.traces-apart: fail"],
  ],
  [
    "gives each call a sandbox of its own",
    { place: ({ trace_id, call_id }) => JSON.stringify([trace_id, call_id]) },
    [
      "tools.repeat: fail",
      "tools.repeat-at-once: fail",
      "tools.new-call-id: fail",
      "tools.parallel: fail",
      "tools.late-call: fail",
    ],
  ],
  [
    "leaves the call_id out",
    { toolAnswer: (body, text) => ({ ...output(body, text), call_id: undefined }) },
    ["tools.call-id: fail", "tools.parallel: fail"],
  ],
  [
    "leaves the id out",
    { toolAnswer: (body, text) => ({ ...output(body, text), id: undefined }) },
    ["tools.id: warn"],
  ],
  [
    "leaves the type out",
    { toolAnswer: (body, text) => ({ ...output(body, text), type: undefined }) },
    ["tools.type: warn"],
  ],
  [
    "answers with an output that is no text",
    { toolAnswer: (body) => ({ ...output(body, ""), output: { lines: [] } }) },
    [
      "tools.answer: fail",
      "tools.arguments-object: warn",
      "tools.repeat: fail",
      "tools.repeat-at-once: fail",
      "tools.new-call-id: fail",
      "tools.parallel: fail",
      "tools.burst: fail",
    ],
  ],
  [
    "answers with 201",
    { toolStatus: 201 },
    [
      "tools.answer: fail",
      "tools.arguments-object: warn",
      "tools.repeat: fail",
      "tools.repeat-at-once: fail",
      "tools.new-call-id: fail",
      "tools.parallel: fail",
      "tools.traces-apart: fail",
      "tools.one-megabyte: fail",
      "tools.burst: fail",
    ],
  ],
  [
    "answers with text that is no JSON",
    { toolAnswer: () => "ok" },
    [
      "tools.answer: fail",
      "tools.call-id: fail",
      "tools.id: fail",
      "tools.type: fail",
      "tools.arguments-object: warn",
      "tools.repeat: fail",
      "tools.repeat-at-once: fail",
      "tools.new-call-id: fail",
      "tools.parallel: fail",
      "tools.burst: fail",
    ],
  ],
  [
    "answers with more than 1 MB",
    { toolAnswer: (body, text) => ({ ...output(body, text), more: "x".repeat(1_000_000) }) },
    ["tools.answer-size: fail"],
  ],
  [
    "takes arguments only as text",
    { takesObjects: false, brokenArguments: { status: 422, body: error } },
    ["tools.arguments-object: warn", "tools.broken-arguments: warn", "tools.wrong-arguments: warn"],
  ],
  [
    "ends with 500 on an unknown tool",
    { unknownTool: { status: 500, body: error } },
    ["tools.unknown-tool: fail"],
  ],
  [
    "says an unknown tool by 404 alone",
    { unknownTool: { status: 404, body: error } },
    ["tools.unknown-tool: warn"],
  ],
  [
    "says an unknown tool by 200 without output",
    { unknownTool: { status: 200, body: {} } },
    ["tools.unknown-tool: fail"],
  ],
  [
    "ends with 500 on arguments that it can't read",
    { brokenArguments: { status: 500, body: error } },
    ["tools.broken-arguments: fail", "tools.wrong-arguments: fail"],
  ],
  [
    "ends with 500 on a body that is no JSON",
    { badJson: 500 },
    ["tools.bad-json: fail", "grader.bad-json: fail"],
  ],
  ["takes a body that is no JSON", { badJson: 200 }, ["tools.bad-json: fail", "grader.bad-json: fail"]],
  [
    "ends with 500 on a request without a good trace id",
    { badTraceId: 500 },
    [
      "tools.no-trace-id: fail",
      "tools.bad-trace-id: fail",
      "grader.no-trace-id: fail",
      "grader.bad-trace-id: fail",
    ],
  ],
  [
    "takes requests of any trace id, or none",
    { traceId: null },
    [
      "tools.no-trace-id: warn",
      "tools.bad-trace-id: warn",
      "grader.no-trace-id: warn",
      "grader.bad-trace-id: warn",
    ],
  ],
  [
    "takes no more than 64 kB",
    { bodyLimit: 65_536 },
    ["tools.one-megabyte: fail", "grader.one-megabyte: fail"],
  ],
  ["takes more than 1 MB", { bodyLimit: 4_000_000 }, ["tools.too-large: fail", "grader.too-large: fail"]],
  [
    "ends with 500 on what is too large",
    { tooLarge: 500 },
    ["tools.too-large: fail", "grader.too-large: fail"],
  ],
  ["asks for no key", { noKey: null }, ["tools.no-key: fail", "grader.no-key: fail"]],
  ["takes any key", { wrongKey: null }, ["tools.wrong-key: fail", "grader.wrong-key: fail"]],
  ["refuses a wrong key with 403", { wrongKey: 403 }, ["tools.wrong-key: warn", "grader.wrong-key: warn"]],
  ["runs commands after the grade call", { late: null }, ["tools.late-call: fail"]],
  [
    "ends with 500 on a call after the grade call",
    { late: { status: 500, body: error } },
    ["tools.late-call: fail"],
  ],
  ["says a closed rollout by 409 alone", { late: { status: 409, body: error } }, ["tools.late-call: warn"]],
  [
    "grades again and otherwise",
    { score: () => (scores += 1) },
    ["grader.repeat: fail", "grader.repeat-at-once: fail"],
  ],
  ["refuses a trace without calls", { unseen: 404 }, ["grader.no-calls: fail"]],
  [
    "has room for two calls only",
    { most: 2, toolMs: 50 },
    ["tools.repeat-at-once: fail", "tools.parallel: fail", "tools.burst: fail"],
  ],
  ["scores with a text", { gradeAnswer: () => ({ score: "1" }) }, NO_SCORE],
  ["scores with null", { gradeAnswer: () => ({ score: null }) }, NO_SCORE],
  ["calls its score reward", { gradeAnswer: (reward) => ({ reward }) }, NO_SCORE],
  ["scores with a number that is not finite", { gradeAnswer: () => '{"score": 1e999}' }, NO_SCORE],
  ["scores with NaN", { gradeAnswer: () => '{"score": NaN}' }, NO_SCORE],
  [
    "does not bear an empty answer",
    {
      gradeAnswer: (score, { sample }) => (JSON.stringify(sample).includes('"choices":[]') ? {} : { score }),
    },
    ["grader.empty-answer: fail"],
  ],
];
