import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCli } from "../../support/run/run-cli.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { sampleEnvironment, sampleJob, withValue } from "../../support/cluster/sample-objects.ts";
import { OPENAI_GRADERS } from "../../support/grader/openai-graders.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const EXAMPLES = globSync("examples/*/{environment,job,baseline}.yaml", { cwd: ROOT });
const NAMESPACE = "crds-accepted";

const cluster = testCluster();

describe.skipIf(cluster.isMissing)("our kinds on a real API server", () => {
  const here = ["-n", NAMESPACE];

  beforeAll(async () => {
    await installCrds(cluster);
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
  });

  afterAll(async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  it("are installed by what `rollyard crds` prints, without a warning", async () => {
    const { stdout, code } = await startCli(["crds"]).ended;
    expect(code).toBe(0);
    const end = await kubectl(cluster, ["apply", "--dry-run=server", "-f", "-"], stdout);
    expect(end).toMatchObject({ code: 0 });
    // The one warning is that the tests themselves have installed them another way.
    expect(end.stderr.replaceAll(/Warning: resource .* is missing the kubectl.*annotation.*\n/g, "")).toBe(
      "",
    );
  });

  it.each(EXAMPLES)("accept %s as it is", async (example) => {
    const text = readFileSync(path.join(ROOT, example), "utf8");
    const end = await kubectl(
      cluster,
      [...here, "apply", "--dry-run=server", "--validate=strict", "-f", "-"],
      text,
    );
    expect(end).toMatchObject({ code: 0, stderr: "" });
  });

  it("keep free-form parts as they are: items, parameters, pod template, extra body", async () => {
    const parameters = {
      type: "object",
      properties: { a: { anyOf: [{ type: "string" }, { $ref: "#/x" }] } },
    };
    const podTemplate = { spec: { tolerations: [{ key: "gpu", operator: "Exists" }] } };
    const environment = withValue(
      withValue(sampleEnvironment("free"), "spec.tools.0.parameters", parameters),
      "spec.sandbox.podTemplate",
      podTemplate,
    );
    const rows = [{ messages: [{ role: "user", content: "π ≠ 3" }], deep: { a: [1, 2.5, null, true] } }];
    const extra = { return_token_ids: true, nested: { top_k: 5 } };
    const job = withValue(
      withValue(sampleJob("free"), "spec.dataset.inline", rows),
      "spec.model.extraBody",
      extra,
    );
    const print = ["create", "-o", "json", "-f", "-"];
    const kept = JSON.parse(await kubectlOk(cluster, [...here, ...print], environment));
    expect(kept.spec.tools[0].parameters).toEqual(parameters);
    expect(kept.spec.sandbox.podTemplate).toEqual(podTemplate);
    const keptJob = JSON.parse(await kubectlOk(cluster, [...here, ...print], job));
    expect(keptJob.spec.dataset.inline).toEqual(rows);
    expect(keptJob.spec.model.extraBody).toEqual(extra);
  });

  it.each(
    OPENAI_GRADERS.filter(({ refused }) => refused === undefined).map(({ name, grader }) => [name, grader]),
  )("keep a grader block as OpenAI documents it: %s", async (_name, grader) => {
    const print = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
    const environment = withValue(sampleEnvironment("openai"), "spec.grader", grader);
    const kept = JSON.parse(await kubectlOk(cluster, [...here, ...print], environment));
    expect(kept.spec.grader).toEqual(grader);
  });

  it("fill in the defaults that local runs fill in", async () => {
    const print = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
    const environment = JSON.parse(
      await kubectlOk(cluster, [...here, ...print], sampleEnvironment("filled")),
    );
    expect(environment.spec).toMatchObject({
      passThreshold: 1,
      limits: { maxTurns: 50, outputBytes: 65_536 },
      recovery: { mode: "restart", ignore: [] },
      serve: { enabled: false },
      sandbox: { workdir: "/workspace", network: "none", warmReplicas: 0, readySeconds: 300 },
    });
    const job = JSON.parse(await kubectlOk(cluster, [...here, ...print], sampleJob("filled")));
    expect(job.spec).toMatchObject({ parallelism: 16, suspend: false, retry: { maxAttempts: 3 } });
  });

  it("explain their fields to kubectl", async () => {
    const grader = await kubectlOk(cluster, ["explain", "environment.spec.grader.metric"]);
    expect(grader).toContain("The measure. Two empty sets score 1.");
    const job = await kubectlOk(cluster, ["explain", "rj.status.gradedIndexes"]);
    expect(job).toContain("Graded rollouts as ranges");
  });

  it("show columns, short names and the category", async () => {
    await kubectlOk(cluster, [...here, "create", "-f", "-"], sampleJob("columns"));
    const status = {
      rollouts: { total: 8, pending: 1, active: 2, grading: 0, graded: 4, failed: 1 },
      reward: { mean: 0.625, zeroVarianceGroups: 0 },
    };
    const patch = [
      "patch",
      "rj",
      "columns",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    ];
    await kubectlOk(cluster, [...here, ...patch]);
    const table = await kubectlOk(cluster, [...here, "get", "rj", "columns"]);
    const [head = "", row = ""] = table.split("\n");
    expect(head.split(/\s+/)).toEqual(["NAME", "TOTAL", "ACTIVE", "GRADED", "FAILED", "REWARD", "AGE"]);
    expect(row.split(/\s+/).slice(0, 6)).toEqual(["columns", "8", "2", "4", "1", "0.625"]);
    expect(await kubectlOk(cluster, [...here, "get", "rollyard", "-o", "name"])).toContain(
      "rolloutjob.rollyard.dev/columns",
    );
    expect(await kubectlOk(cluster, [...here, "get", "renv", "-o", "name"])).toContain(
      "environment.rollyard.dev/",
    );
  });

  it("let `kubectl scale` set the warm sandboxes", async () => {
    await kubectlOk(cluster, [...here, "create", "-f", "-"], sampleEnvironment("scaled"));
    await kubectlOk(cluster, [...here, "scale", "environment/scaled", "--replicas=50"]);
    const get = ["get", "renv", "scaled", "-o", "jsonpath={.spec.sandbox.warmReplicas}"];
    expect(await kubectlOk(cluster, [...here, ...get])).toBe("50");
    const scale = await kubectlOk(cluster, [
      ...here,
      "get",
      "renv",
      "scaled",
      "--subresource=scale",
      "-o",
      "json",
    ]);
    expect(JSON.parse(scale)).toMatchObject({ kind: "Scale", spec: { replicas: 50 } });
  });

  it("let a job be found by its environment, and waited for by its conditions", async () => {
    await kubectlOk(
      cluster,
      [...here, "create", "-f", "-"],
      withValue(sampleJob("other"), "spec.environmentRef.name", "else"),
    );
    const select = ["get", "rj", "-o", "name", "--field-selector", "spec.environmentRef.name=else"];
    expect(await kubectlOk(cluster, [...here, ...select])).toBe("rolloutjob.rollyard.dev/other\n");
    const condition = {
      type: "Complete",
      status: "True",
      reason: "AllGraded",
      message: "Every rollout was graded.",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    const patch = ["patch", "rj", "other", "--subresource=status", "--type=merge", "-p"];
    await kubectlOk(cluster, [...here, ...patch, JSON.stringify({ status: { conditions: [condition] } })]);
    await kubectlOk(cluster, [
      ...here,
      "wait",
      "--for=condition=Complete",
      "rolloutjob/other",
      "--timeout=5s",
    ]);
  });

  it("keep status and spec apart: a spec written by a user can't carry a status", async () => {
    const forged = { ...sampleJob("forged"), status: { gradedIndexes: "0-9", conditions: [] } };
    await kubectlOk(cluster, [...here, "create", "-f", "-"], forged);
    expect(await kubectlOk(cluster, [...here, "get", "rj", "forged", "-o", "jsonpath={.status}"])).toBe("");
  });
});
