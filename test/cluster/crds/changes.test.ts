import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MUTABLE_JOB_FIELDS } from "../../../src/job/rollout-job.ts";
import type { JsonValue } from "../../../src/lib/json.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleJob } from "../../support/cluster/sample-objects.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const NAMESPACE = "crds-changes";

const MUTABLE: readonly (readonly [string, JsonValue])[] = [
  ["parallelism", 32],
  ["suspend", true],
  ["deadlineSeconds", 60],
  ["priority", 5],
  ["ttlSecondsAfterFinished", 10],
  ["retry", { maxAttempts: 5 }],
  ["budget", { totalTokens: 1_000_000 }],
];

const FIXED: readonly (readonly [string, JsonValue])[] = [
  ["environmentRef", { name: "another" }],
  ["dataset", { limit: 1 }],
  ["dataset", { inline: [{ question: "Another?" }] }],
  ["samplesPerItem", 2],
  ["indexes", "0"],
  ["retryOf", "before"],
  ["model", { name: "another" }],
  ["policyVersion", "v2"],
  ["priorityClassName", "high"],
  ["queueName", "queue"],
];

const cluster = testCluster();

describe.skipIf(cluster.isMissing)("changes of a RolloutJob", () => {
  const here = ["-n", NAMESPACE];
  const patch = (field: string, value: JsonValue) =>
    kubectl(cluster, [
      ...[...here, "patch", "rj", "fixed", "--dry-run=server", "--type=merge"],
      ...["-p", JSON.stringify({ spec: { [field]: value } })],
    ]);

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
    await kubectlOk(cluster, [...here, "create", "-f", "-"], sampleJob("fixed"));
  });

  afterAll(async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  it("are tried on every mutable field", () => {
    expect(MUTABLE.map(([field]) => field)).toEqual([...MUTABLE_JOB_FIELDS]);
  });

  it.each(MUTABLE)("are accepted for %s", async (field, value) => {
    expect(await patch(field, value)).toMatchObject({ code: 0, stderr: "" });
  });

  it.each(FIXED)("are refused for %s = %j, with the field's name", async (field, value) => {
    const end = await patch(field, value);
    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(new RegExp(`spec\\.${field}: .*create another RolloutJob`));
  });

  it("are refused too when a fixed field is taken away", async () => {
    const remove = JSON.stringify([{ op: "remove", path: "/spec/dataset" }]);
    const end = await kubectl(cluster, [
      ...here,
      "patch",
      "rj",
      "fixed",
      "--dry-run=server",
      "--type=json",
      "-p",
      remove,
    ]);
    expect(end.stderr).toContain("spec.dataset: Required value");
  });
});
