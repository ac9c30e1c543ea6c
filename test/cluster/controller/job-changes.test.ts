import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { outcomesFilter } from "../../../src/bus/subjects.ts";
import { busUid } from "../../../src/kube/bus-uid.ts";
import { objectOrEmpty, textOrUndefined } from "../../../src/lib/half-valid.ts";
import { conditionOf, JobsWorld, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const cluster = testCluster();
const ROWS = Array.from({ length: 60 }, (_, index) => ({ question: `q${index}`, answer: "yes" }));
/** Some seconds long: something can happen in the middle. */
const STEADY = { dataset: { inline: ROWS }, samplesPerItem: 1, parallelism: 4 };

describe.skipIf(cluster.isMissing)("a RolloutJob that runs", () => {
  let world: JobsWorld;
  let model: MockModel;
  let count = 0;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }), latencyMs: 200 });
  });

  afterAll(async () => {
    await model?.close();
  });

  beforeEach(async () => {
    count += 1;
    world = await JobsWorld.start(cluster, `job-changes-${count}`);
    await world.workers();
  });

  afterEach(async () => {
    await world.close();
  });

  const controller = async () => {
    const started = await world.controller();
    started.environments.put(world.namespace, "plain", PLAIN_ENVIRONMENT);
    return started;
  };
  const rollouts = async (name: string): Promise<Record<string, number>> =>
    objectOrEmpty(objectOrEmpty((await world.job(name))?.["status"])["rollouts"]) as Record<string, number>;
  const untilSome = (name: string) =>
    eventually(
      () => rollouts(name),
      ({ graded = 0 }) => graded >= 4,
    );
  const patch = (name: string, spec: object) =>
    world.kubectlOk(["patch", "rj", name, "--type=merge", "-p", JSON.stringify({ spec })]);

  it("stops when it is suspended, and goes on where it was when it is resumed", async () => {
    await controller();
    await world.apply(plainJob("paused", model.baseURL, STEADY));
    await untilSome("paused");
    await patch("paused", { suspend: true });
    expect(await world.untilCondition("paused", "Suspended")).toMatchObject({ reason: "SpecSuspend" });
    await eventually(
      () => rollouts("paused"),
      ({ active, grading }) => active === 0 && grading === 0,
    );
    const stopped = await rollouts("paused");
    expect(stopped["graded"]).toBeLessThan(60);
    const asked = model.requestCount;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(model.requestCount).toBe(asked);
    await patch("paused", { suspend: false });
    await world.untilCondition("paused", "Complete");
    expect(await world.job("paused")).toMatchObject({
      status: {
        rollouts: { total: 60, graded: 60, failed: 0 },
        attempts: { retried: 0 },
        gradedIndexes: "0-59",
      },
    });
    // What was graded before is not sampled again.
    expect(model.requestCount - asked).toBe(60 - (stopped["graded"] ?? 0));
  });

  it("works by its edited parallelism from then on", async () => {
    await controller();
    await world.apply(plainJob("edited", model.baseURL, { ...STEADY, parallelism: 1 }));
    await eventually(
      () => rollouts("edited"),
      ({ graded = 0 }) => graded > 0,
    );
    await patch("edited", { parallelism: 16 });
    await world.untilCondition("edited", "Complete");
    expect(await world.job("edited")).toMatchObject({
      status: { rollouts: { graded: 60 }, attempts: { started: 60 }, observedGeneration: 2 },
    });
  });

  it("loses and repeats nothing when its leader hands over in the middle", async () => {
    const first = await controller();
    await world.apply(plainJob("handed", model.baseURL, STEADY));
    const before = model.requestCount;
    await untilSome("handed");
    const started = objectOrEmpty((await world.job("handed"))?.["status"])["startTime"];
    await first.stop();
    // The environment is another one by now, and the job goes on with its own.
    const next = await world.controller();
    next.environments.put(world.namespace, "plain", { ...PLAIN_ENVIRONMENT, passThreshold: 9 });
    expect(next.environments.areHoldsKnown).toBe(true);
    expect(next.environments.held.size).toBe(1);
    await world.untilCondition("handed", "Complete");
    expect(await world.job("handed")).toMatchObject({
      status: { startTime: started, rollouts: { total: 60, graded: 60 }, attempts: { started: 60 } },
    });
    expect(model.requestCount - before).toBe(60);
    const uid = busUid(
      textOrUndefined(objectOrEmpty((await world.job("handed"))?.["metadata"])["uid"]) ?? "",
    );
    const outcomes = await (
      await world.connect("looker")
    ).subjects("outcomes", outcomesFilter({ namespace: world.namespace, jobUid: uid }));
    expect(outcomes.size).toBe(60);
    expect([...outcomes.values()].every((messages) => messages === 1)).toBe(true);
  });

  it("ends and says so when its Environment is removed by force", async () => {
    const { environments } = await controller();
    await world.apply(plainJob("bereft", model.baseURL, { ...STEADY, parallelism: 1 }));
    await untilSome("bereft");
    environments.remove(world.namespace, "plain");
    expect(await world.untilCondition("bereft", "Failed")).toMatchObject({
      reason: "ConfigError",
      message: expect.stringContaining("Environment plain was removed"),
    });
    const { graded = 0, failed = 0, ...left } = await rollouts("bereft");
    expect(left).toEqual({ total: 60, active: 0, grading: 0, pending: 60 - graded - failed });
    expect(environments.held.size).toBe(0);
  });

  it("runs nothing more when its streams hold less than its status says", async () => {
    const first = await controller();
    await world.apply(plainJob("lost", model.baseURL, STEADY));
    await untilSome("lost");
    await first.stop();
    const bus = await world.connect("vandal");
    await eventually(
      async () => (await bus.subjects("work", ">")).size,
      (left) => left === 0,
    );
    await bus.purge("outcomes", "rollyard.outcomes.>");
    const asked = model.requestCount;
    await controller();
    await world.untilCondition("lost", "RecordLost");
    const { message } = conditionOf(await world.job("lost"), "Progressing") ?? { message: "" };
    expect(message).toContain("The streams hold");
    expect(model.requestCount).toBe(asked);
    expect(await rollouts("lost")).toMatchObject({ total: 60 });
  });

  it("ends on a deletion in the middle, and leaves nothing", async () => {
    const { environments } = await controller();
    await world.apply(plainJob("gone", model.baseURL, STEADY));
    await untilSome("gone");
    await world.kubectlOk(["delete", "rj", "gone", "--timeout=60s"]);
    expect(environments.held.size).toBe(0);
    const asked = model.requestCount;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(model.requestCount).toBe(asked);
    const bus = await world.connect("looker");
    expect((await bus.subjects("work", ">")).size).toBe(0);
    expect((await bus.subjects("specs", ">")).size).toBe(0);
  });
});
