import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditionOf, JobsWorld, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import type { JobsController } from "../../support/controller/jobs-world.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "job-life";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("a RolloutJob", () => {
  let world: JobsWorld;
  let controller: JobsController;
  let model: MockModel;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }), latencyMs: 20 });
    world = await JobsWorld.start(cluster, NAMESPACE);
    controller = await world.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.workers();
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  it("runs from kubectl apply to Complete, for which kubectl waits", async () => {
    await world.apply(plainJob("whole", model.baseURL));
    await world.kubectlOk(["wait", "--for=condition=Complete", "--timeout=60s", "rolloutjob/whole"]);
    expect(await world.job("whole")).toMatchObject({
      status: {
        rollouts: { total: 8, pending: 0, active: 0, grading: 0, graded: 8, failed: 0 },
        attempts: { started: 8, retried: 0 },
        reward: { mean: 1, min: 1, max: 1, zeroVarianceGroups: 4 },
        gradedIndexes: "0-7",
        observedGeneration: 1,
        startTime: expect.any(String),
        completionTime: expect.any(String),
      },
    });
    expect(await world.kubectlOk(["get", "rj", "whole"])).toMatch(/whole\s+8\s+0\s+8\s+0\s+1\s/u);
    await eventually(
      () => world.kubectlOk(["describe", "rj", "whole"]),
      (text) => /Normal\s+Progressing/u.test(text) && /Normal\s+Complete/u.test(text),
    );
  });

  it("lets its environment go when it has ended", async () => {
    await expect.poll(() => controller.environments.held.size).toBe(0);
  });

  it("leaves nothing behind when it is deleted", async () => {
    const bus = await world.connect("looker");
    await world.kubectlOk(["delete", "rj", "whole", "--timeout=30s"]);
    const left: string[] = [];
    for (const stream of ["work", "events", "outcomes", "blobs", "specs"] as const) {
      left.push(...(await bus.subjects(stream, ">")).keys());
    }
    expect(left).toEqual([]);
  });

  it("keeps two of one name in turn apart: the second starts empty", async () => {
    await world.apply(plainJob("twice", model.baseURL));
    await world.untilCondition("twice", "Complete");
    await world.kubectlOk(["delete", "rj", "twice", "--timeout=30s"]);
    const before = model.requestCount;
    await world.apply(plainJob("twice", model.baseURL));
    await world.untilCondition("twice", "Complete");
    expect(model.requestCount - before).toBe(8);
    expect(await world.job("twice")).toMatchObject({ status: { rollouts: { graded: 8 } } });
  });

  it("waits for its environment and goes on when it appears", async () => {
    await world.apply(plainJob("early", model.baseURL, { environmentRef: { name: "later" } }));
    expect(await world.untilCondition("early", "EnvironmentNotFound")).toMatchObject({
      reason: "NoSuchEnvironment",
      message: 'There is no Environment "later".',
    });
    expect(conditionOf(await world.job("early"), "Progressing")).toMatchObject({
      status: "False",
      reason: "EnvironmentNotFound",
    });
    controller.environments.put(NAMESPACE, "later", PLAIN_ENVIRONMENT);
    await world.untilCondition("early", "Complete");
    expect(conditionOf(await world.job("early"), "EnvironmentNotFound")).toMatchObject({ status: "False" });
  });

  it("waits for its ConfigMap, then for its key, and reads it once it is there", async () => {
    const dataset = { configMap: { name: "rows", key: "items.jsonl" } };
    await world.apply(plainJob("mapped", model.baseURL, { dataset, samplesPerItem: 1 }));
    expect(await world.untilCondition("mapped", "DatasetNotFound")).toMatchObject({
      reason: "NoSuchConfigMap",
    });
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "rows" } };
    await world.apply({ ...map, data: { other: "" } });
    await eventually(
      async () => conditionOf(await world.job("mapped"), "DatasetNotFound"),
      (condition) => condition?.reason === "NoSuchKey",
    );
    await world.apply({ ...map, data: { "items.jsonl": '{"question":"ü","answer":"yes"}\n' } });
    await world.untilCondition("mapped", "Complete");
    expect(await world.job("mapped")).toMatchObject({ status: { rollouts: { total: 1, graded: 1 } } });
  });

  it("says which rows are bad, ten of them, and dispatches nothing", async () => {
    const rows = Array.from({ length: 14 }, () => ({ question: "q" }));
    const before = model.requestCount;
    await world.apply(plainJob("bad-rows", model.baseURL, { dataset: { inline: rows } }));
    const { reason, message } = await world.untilCondition("bad-rows", "DatasetInvalid");
    expect(reason).toBe("BadRows");
    expect(message.split("\n")).toHaveLength(11);
    expect(message).toContain('spec.dataset.inline[9]: lacks "item.answer"');
    expect(message).toContain("And 4 more.");
    expect(model.requestCount).toBe(before);
    expect(await world.job("bad-rows")).not.toHaveProperty("status.startTime");
  });

  it("refuses a local file with a sentence", async () => {
    await world.apply(plainJob("filed", model.baseURL, { dataset: { file: "items.jsonl" } }));
    expect(await world.untilCondition("filed", "DatasetNotFound")).toMatchObject({
      reason: "FileIsLocal",
      message: expect.stringContaining("local runs only"),
    });
  });

  it("is deleted when its time to live is over", async () => {
    await world.apply(plainJob("short-lived", model.baseURL, { ttlSecondsAfterFinished: 1 }));
    await expect.poll(() => world.job("short-lived"), { timeout: 30_000 }).toBeNull();
  });

  it("ends as Failed when its deadline passes, and stays so", async () => {
    const slow = await startMockModel({ script: () => ({ kind: "hang" }) });
    await world.apply(plainJob("late", slow.baseURL, { deadlineSeconds: 2 }));
    expect(await world.untilCondition("late", "Failed")).toMatchObject({ reason: "DeadlineExceeded" });
    expect(await world.job("late")).toMatchObject({
      status: { rollouts: { failed: 8, active: 0, pending: 0 }, failures: { cancelled: 8 } },
    });
    await slow.close();
  });
});
