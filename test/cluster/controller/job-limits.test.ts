import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JobsWorld, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "job-limits";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("a RolloutJob at its limits", () => {
  let world: JobsWorld;
  let model: MockModel;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }) });
    world = await JobsWorld.start(cluster, NAMESPACE);
    const { environments } = await world.controller();
    environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    environments.put(NAMESPACE, "many-tools", {
      ...PLAIN_ENVIRONMENT,
      tools: Array.from({ length: 200 }, (_, index) => ({
        name: `tool_${index}`,
        http: { url: "http://127.0.0.1:1/none" },
      })),
    });
    await world.workers();
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  const create = (object: object) => world.kubectl(["create", "-f", "-"], object);

  it("runs with a name of 52 characters, and is refused with one of 53", async () => {
    const longest = "a".repeat(52);
    const refused = await create(plainJob(`${longest}b`, model.baseURL));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("metadata.name");
    await create(plainJob(longest, model.baseURL));
    await world.untilCondition(longest, "Complete");
  });

  it("runs with rows in any script, as large as the API server takes them", async () => {
    const answer = "yes";
    const text = "répo·検索·🔍·\u202Eabc ".repeat(1200);
    const inline = Array.from({ length: 30 }, (_, index) => ({ question: `${index} ${text}`, answer }));
    const created = await create(
      plainJob("large", model.baseURL, { dataset: { inline }, samplesPerItem: 1 }),
    );
    expect(created.stderr).toBe("");
    await world.untilCondition("large", "Complete");
    expect(await world.job("large")).toMatchObject({ status: { rollouts: { total: 30, graded: 30 } } });
    expect(
      model.requests.some((asked) => asked.text.includes(JSON.stringify(`29 ${text}`).slice(1, -1))),
    ).toBe(true);
  });

  it("is refused with rows that are larger, in a sentence about its size", async () => {
    const inline = [{ question: "x".repeat(4 * 1024 * 1024), answer: "yes" }];
    const refused = await create(plainJob("too-large", model.baseURL, { dataset: { inline } }));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/too large/iu);
  });

  it("runs with two hundred tools", async () => {
    await create(plainJob("tools", model.baseURL, { environmentRef: { name: "many-tools" } }));
    expect(await world.untilCondition("tools", "Complete")).toMatchObject({ reason: "AllGraded" });
  });
});
