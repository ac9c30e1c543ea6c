import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { chatBody } from "../../support/model/mock-bodies.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { always, toolTurns } from "../../support/model/mock-scripts.ts";
import { byItem, refusal, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

/** What an endpoint that is angry says: the request again, and the key. */
const echo =
  (status: number, code: string): MockScript =>
  () =>
    refusal(status, code, "canary-prompt canary-item canary-key is wrong");

const call = (name: string, json: string): MockScript =>
  toolTurns({ turns: 1, calls: [{ name, arguments: json }], answer: "canary-answer" });

/** Models with which everything that may carry a text somewhere goes wrong once. */
const SCRIPTS: readonly MockScript[] = [
  shellThen("echo canary-output; echo canary-error >&2; exit 3", "canary-answer"),
  shellThen("kill -TERM 1; sleep 5; echo canary-output", "canary-answer"),
  shellThen("echo canary-output; sleep 60", "canary-answer"),
  call("canary-tool", '{"canary-argument": 1}'),
  call("shell", '{"canary-argument'),
  echo(400, "invalid_request_error"),
  echo(500, "the canary-prompt is too rude"),
  () => ({ kind: "text", text: "canary-body" }),
  () => ({ kind: "json", body: chatBody({ content: "canary-answer", finishReason: "canary-finish" }) }),
  always({ content: "canary-answer" }),
];

/** Every file of a run that is no record of its rollouts, with its text. */
async function otherFiles(job: SmallJob): Promise<readonly (readonly [string, string])[]> {
  const names = await readdir(job.runFolder, { recursive: true, withFileTypes: true });
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(job.runFolder, path.join(entry.parentPath, entry.name)))
    .filter((name) => !/^(trajectories\.jsonl|report\.(html|md)|\.rollyard\/store\/store\/.*)$/u.test(name));
  return Promise.all(
    files.map(async (name) => [name, await readFile(path.join(job.runFolder, name), "utf8")] as const),
  );
}

/** What of a text is the user's own words to read: the specs, and the names of the tools that a policy calls. */
const OWN_WORDS: Readonly<Record<string, RegExp>> = {
  stdout: /canary-tool/gu,
  "summary.json": /canary-tool/gu,
  ".rollyard/run.json": /canary-(?:prompt|item)/gu,
};

function canariesIn(name: string, text: string): readonly string[] {
  const foreign = text.replaceAll(OWN_WORDS[name] ?? /^$/gu, "");
  return (foreign.match(/.{0,80}canary-.{0,20}/gu) ?? []).map((found) => `${name}: ${found}`);
}

describe("prompts, items, outputs, answers and keys", () => {
  it("appear in no log, metric, error text or anything else but the trajectories", async () => {
    const model = await world.model(byItem(SCRIPTS), 50);
    const job = await world.job({
      baseURL: model.baseURL,
      items: SCRIPTS.length,
      samples: 1,
      parallelism: 10,
      job: "  retry: {maxAttempts: 1}",
    });
    await job.edit((text) =>
      text.replace("name: mock}", "name: mock, apiKeySecret: {name: key, key: value}}"),
    );
    const running = job.start(["-v", "--secret", "key/value=env:CANARY"], { CANARY: "canary-key" });
    const [, url = ""] = await running.says(/metrics at (\S+)\n/u);
    await untilSomeAreRecorded(job);
    const metrics = await (await fetch(url)).text();
    const status = await (await fetch(new URL("/status", url))).text();
    expect(JSON.parse(status)).toMatchObject({ job: "small" });
    const end = await running.ended;
    expect(model.requests[0]?.headers["authorization"]).toBe("Bearer canary-key");
    const files = await otherFiles(job);
    expect(files.map(([name]) => name)).toEqual(
      expect.arrayContaining(["results.jsonl", "attempts.jsonl", "logs/rollyard.log"]),
    );
    expect(metrics).toContain("rollyard_turns_total");
    const said = [
      ["stdout", end.stdout],
      ["stderr", end.stderr],
      ["metrics", metrics],
      ["status", status],
      ...files,
    ] as const;
    expect(said.flatMap(([name, text]) => canariesIn(name, text))).toEqual([]);
  });
});
