import { beforeAll, describe, expect, it } from "vitest";
import type { JsonValue } from "../../../src/lib/json.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment, sampleJob, withValue } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

/** Path to what is changed, the bad value, and what the API server's message must name. */
type Bad = readonly [path: string, value: JsonValue | undefined, named: RegExp];

const SHA = "a".repeat(64);
const SET_MATCH = { type: "set_match", name: "s", input: "a", reference: "b", metric: "f1" };

const BAD_ENVIRONMENTS: readonly Bad[] = [
  ["spec", undefined, /spec: Required value/],
  ["spec.grader", undefined, /spec\.grader: Required value/],
  ["spec.grader.type", "best_of", /spec\.grader\.type: Unsupported value: "best_of"/],
  ["spec.grader.calculate_output", undefined, /spec\.grader\.calculate_output: .*is required by type multi/],
  ["spec.grader.argv", ["true"], /spec\.grader\.argv: .*argv belongs to type command/],
  [
    "spec.grader.graders.set.metric",
    undefined,
    /spec\.grader\.graders\[set\]\.metric: .*is required by type set_match/,
  ],
  ["spec.grader.graders.set.beta", 2, /spec\.grader\.graders\[set\]\.beta: .*belongs to it/],
  ["spec.grader", { ...SET_MATCH, metric: "fbeta" }, /spec\.grader\.beta: .*required by metric fbeta/],
  ["spec.sandbox.imagee", "x", /unknown field "spec\.sandbox\.imagee"/],
  ["spec.sandbox.image", "two words", /spec\.sandbox\.image/],
  ["spec.sandbox.network", "some", /spec\.sandbox\.network: Unsupported value: "some"/],
  ["spec.sandbox.workdir", "relative", /spec\.sandbox\.workdir/],
  ["spec.sandbox.warmReplicas", -1, /spec\.sandbox\.warmReplicas/],
  ["spec.sandbox.runAsUser", 1.5, /spec\.sandbox\.runAsUser/],
  ["spec.sandbox.setup", [[]], /spec\.sandbox\.setup\[0\]/],
  ["spec.sandbox.resources.requests.cpu", "much", /spec\.sandbox\.resources\.requests\.cpu/],
  ["spec.sandbox.resources.requests.cpu", { cores: 1 }, /spec\.sandbox\.resources\.requests\.cpu/],
  ["spec.sandbox.env", { A: 1 }, /spec\.sandbox\.env\.A/],
  ["spec.prompt", [], /spec\.prompt/],
  ["spec.prompt", [{ role: "system", content: "s" }], /spec\.prompt: .*end with a message of role user/],
  ["spec.prompt.0.role", "tool", /spec\.prompt\[0\]\.role/],
  ["spec.tools.0.name", "two words", /spec\.tools\[0\]\.name/],
  ["spec.tools.0.name", undefined, /spec\.tools\[0\]\.name: .*name is required/],
  ["spec.tools.1.name", "search", /spec\.tools: .*a name of its own/],
  ["spec.tools.0.preset", "shell", /spec\.tools\[0\]: .*exactly one of exec, http, preset/],
  ["spec.tools.0.exec", undefined, /spec\.tools\[0\]: .*exactly one of exec, http, preset/],
  ["spec.tools.2.description", "mine", /spec\.tools\[2\]\.description: .*the preset brings its own/],
  ["spec.tools.1.http.url", "ftp://x", /spec\.tools\[1\]\.http\.url/],
  ["spec.limits", { maxTurns: 0 }, /spec\.limits\.maxTurns/],
  ["spec.recovery", { mode: "never" }, /spec\.recovery\.mode/],
  ["spec.graderRuntime", { image: "a", venv: "b" }, /spec\.graderRuntime: .*exactly one of image, venv/],
];

const BAD_JOBS: readonly Bad[] = [
  ["spec.environmentRef", undefined, /spec\.environmentRef: Required value/],
  ["spec.dataset", {}, /spec\.dataset: .*exactly one of inline, file, url, configMap, blob/],
  ["spec.dataset.file", "a.jsonl", /spec\.dataset: .*exactly one of/],
  ["spec.dataset", { url: "https://data.example/a.jsonl" }, /spec\.dataset\.sha256: .*required beside url/],
  ["spec.dataset", { file: "a.jsonl", sha256: SHA }, /spec\.dataset\.sha256: .*belongs to it/],
  ["spec.dataset", { blob: { sha256: "no" } }, /spec\.dataset\.blob\.sha256/],
  ["spec.samplesPerItem", 0, /spec\.samplesPerItem/],
  ["spec.parallelism", "many", /spec\.parallelism: Invalid value: "string"/],
  ["spec.indexes", "1-", /spec\.indexes/],
  ["spec.model.name", "", /spec\.model\.name/],
  ["spec.model.api", "soap", /spec\.model\.api/],
  ["spec.model.sampling", { top_p: 2 }, /spec\.model\.sampling\.top_p/],
  ["spec.retry", { maxAttempt: 3 }, /unknown field "spec\.retry\.maxAttempt"/],
  ["spec.deadlineSeconds", 0, /spec\.deadlineSeconds/],
];

const cluster = testCluster();

describe.skipIf(cluster.isMissing)("objects that the API server refuses", () => {
  beforeAll(() => installCrds(cluster));

  const refusal = async (object: object): Promise<string> => {
    const end = await kubectl(cluster, ["create", "--dry-run=server", "-f", "-"], object);
    expect(end.stdout).toBe("");
    return end.stderr;
  };

  it("accepts what the bad ones are made from", async () => {
    for (const object of [sampleEnvironment("sample"), sampleJob("sample")]) {
      const end = await kubectl(cluster, ["create", "--dry-run=server", "-f", "-"], object);
      expect(end.stderr).toBe("");
    }
  });

  describe("Environments, with a message that names the field", () => {
    it.each(BAD_ENVIRONMENTS)("%s = %j", async (path, value, named) => {
      expect(await refusal(withValue(sampleEnvironment("bad"), path, value))).toMatch(named);
    });
  });

  describe("RolloutJobs, with a message that names the field", () => {
    it.each(BAD_JOBS)("%s = %j", async (path, value, named) => {
      expect(await refusal(withValue(sampleJob("bad"), path, value))).toMatch(named);
    });
  });
});
