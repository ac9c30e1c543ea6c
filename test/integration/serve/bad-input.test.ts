import path from "node:path";
import { describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import { serveWorld } from "../../support/serve/serve-world.ts";
import { ROW } from "../../support/serve/trainer-client.ts";
import { sandboxesOf } from "../../support/serve/sandboxes-of.ts";

const world = serveWorld();
const CALL = { call_id: "call_1", trace_id: "trace_1", arguments: { command: "echo x" }, item: ROW };

/** What is wrong with a body, and the sentence that says so. */
const WRONG: readonly (readonly [sentence: string, body: unknown, route?: string])[] = [
  ["The body is not valid JSON.", "{not json"],
  ["The body is not valid JSON.", ""],
  ["The body must be a JSON object.", "[]"],
  ["trace_id is missing.", { ...CALL, trace_id: undefined }],
  ["trace_id must be a text.", { ...CALL, trace_id: 7 }],
  ["trace_id must not be empty.", { ...CALL, trace_id: "" }],
  ["trace_id must have at most 128 characters.", { ...CALL, trace_id: "x".repeat(129) }],
  ["trace_id must have no control characters.", { ...CALL, trace_id: "a\u0000b" }],
  ["call_id is missing.", { ...CALL, call_id: undefined }],
  ["item must be an object.", { ...CALL, item: "none" }],
  ["sample is missing.", { trace_id: "trace_1", item: ROW }, "grade"],
  ["trace_id is missing.", { sample: {}, item: ROW }, "grade"],
];

describe("bad requests of a hosted trainer", () => {
  it("are told what is wrong with them, start no sandbox, and leave what serves as it was", async () => {
    const served = await world.serve({ flags: ["--secret", "trainer/keys=env:TRAINER_KEYS"], spec: KEYS });
    const { trainer } = served;
    expect(await trainer.as({}).post("tools/shell", CALL)).toMatchObject({
      status: 401,
      body: { error: { code: "request_unauthenticated" } },
    });
    expect(await trainer.as({ authorization: "Bearer wrong" }).post("grade", CALL)).toMatchObject({
      status: 401,
    });
    expect(await trainer.as({ authorization: "Basic a2V5LTE=" }).post("grade", CALL)).toMatchObject({
      status: 401,
    });
    const [base = ""] = trainer.bases;
    const elsewhere = trainer.at(base.replace(/small$/u, "other"));
    expect(await elsewhere.post("tools/shell", CALL)).toMatchObject({
      status: 404,
      body: { error: { code: "environment_not_found" } },
    });
    for (const [sentence, body, route = "tools/shell"] of WRONG) {
      expect(await trainer.post(route, body)).toEqual({
        status: 400,
        body: { error: { code: "bad_input", message: sentence } },
      });
    }
    const text = "x".repeat(1_000_000);
    const tooLarge = {
      status: 413,
      body: {
        error: { code: "request_too_large", message: expect.stringContaining("larger than the 1 MB") },
      },
    };
    expect(await trainer.post("tools/shell", { ...CALL, arguments: text })).toEqual(tooLarge);
    const grade = { sample: { output_text: text }, trace_id: "t" };
    expect(await trainer.post("grade", grade)).toEqual(tooLarge);
    expect(await sandboxesOf(served)).toEqual([]);
    // What is just small enough is stored and graded.
    const large = { ...CALL, item: { ...ROW, padding: "é".repeat(400_000) } };
    expect(await trainer.post("tools/shell", large)).toMatchObject({ status: 200, body: { output: "x\n" } });
    expect(await trainer.grade("trace_1", "2", large.item)).toEqual({ status: 200, body: { score: 1 } });
  });

  it("may have any of an environment's keys, and none of them is in a log or a record", async () => {
    const secrets = ["trainer/keys", "trainer/kyes"].flatMap((name) => [
      "--secret",
      `${name}=env:TRAINER_KEYS`,
    ]);
    const served = await world.serve({ flags: secrets, spec: KEYS });
    await served.process.says(
      /^note: --secret trainer\/kyes is not used: .* did you mean "trainer\/keys"\?$/mu,
    );
    for (const key of ["key-1", "key-2"]) {
      const trainer = served.trainer.as({ authorization: `Bearer ${key}` });
      expect(await trainer.grade(`trace_${key}`)).toMatchObject({ status: 200 });
    }
    const joined = served.trainer.as({ authorization: "Bearer key-1 key-2" });
    expect(await joined.grade("trace_x")).toMatchObject({ status: 401 });
    await served.stop();
    // Whoever looks at its folder then is told how to serve it again.
    const { code, stdout } = await startCli(["doctor", path.dirname(served.records)]).ended;
    expect(stdout).toMatch(
      /^· small is served no more; 2 rollouts .*: rollyard serve -f \S+ --out \S+ --secret /u,
    );
    expect(code).toBe(0);
  });

  it("get 413 for an output that makes the answer too large, and the trace goes on", async () => {
    const served = await world.serve({ spec: "  limits: {outputBytes: 4000000, toolSeconds: 30}" });
    const { trainer } = served;
    const much = { trace: "trace_o", call: "call_1", command: "head -c 900000 /dev/zero | tr '\\\\0' '\"'" };
    expect(await trainer.call(much)).toMatchObject({
      status: 413,
      body: { error: { code: "answer_too_large" } },
    });
    expect(await trainer.call({ trace: "trace_o", call: "call_2", command: "echo on" })).toMatchObject({
      body: { output: "on\n" },
    });
  });
});

const KEYS = "  serve: {authSecret: {name: trainer, key: keys}}";
