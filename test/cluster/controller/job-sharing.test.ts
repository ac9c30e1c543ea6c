import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endpointKey } from "../../../src/controller/rollout-job/dispatch-board.ts";
import { objectOrEmpty } from "../../../src/lib/half-valid.ts";
import { conditionOf, JobsWorld, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";

const NAMESPACE = "job-sharing";
/** A namespace that may have few rollouts active. */
const FEW = `${NAMESPACE}-few`;
const SLOTS = 8;
const cluster = testCluster();

const rows = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) => ({ question: `${name} ${index}`, answer: "yes" }));

describe.skipIf(cluster.isMissing)("RolloutJobs that share workers", () => {
  let world: JobsWorld;
  let model: MockModel;
  let limited: MockModel;

  beforeAll(async () => {
    await installCrds(cluster);
    model = await startMockModel({ script: always({ content: "yes" }), latencyMs: 300 });
    limited = await startMockModel({ script: always({ content: "yes" }), latencyMs: 100 });
    world = await JobsWorld.start(cluster, NAMESPACE);
    const modelEndpoints = new Map([[endpointKey(limited.baseURL), 2]]);
    const namespaces = new Map([[FEW, { weight: 1, maxActive: 3 }]]);
    const { environments } = await world.controller({ rules: { modelEndpoints, namespaces } });
    for (const namespace of [NAMESPACE, FEW]) environments.put(namespace, "plain", PLAIN_ENVIRONMENT);
    await kubectlOk(cluster, ["create", "namespace", FEW]);
    await world.workers(SLOTS);
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
    await limited?.close();
  });

  const apply = (name: string, count: number, { baseURL } = model) =>
    world.apply(
      plainJob(name, baseURL, {
        dataset: { inline: rows(count, name) },
        samplesPerItem: 1,
        parallelism: 500,
      }),
    );
  const graded = async (name: string): Promise<number> =>
    Number(objectOrEmpty(objectOrEmpty((await world.job(name))?.["status"])["rollouts"])["graded"] ?? 0);

  it("let a small one in beside a huge one, and keep the work stream shallow", async () => {
    await apply("huge", 1000);
    await eventually(
      () => graded("huge"),
      (count) => count > 0,
    );
    const bus = await world.connect("looker");
    await apply("small", 4);
    let deepest = 0;
    const looking = setInterval(() => {
      void bus.subjects("work", "rollyard.work.rollout.>").then(({ size }) => {
        deepest = Math.max(deepest, size);
      });
    }, 50);
    await world.untilCondition("small", "Complete");
    clearInterval(looking);
    // Those that are driven or being closed, and the little that waits for a slot that has just come free.
    expect(deepest).toBeLessThanOrEqual(2 * SLOTS);
    expect(await graded("huge")).toBeLessThan(1000);
    await world.kubectlOk(["delete", "rj", "huge", "small", "--timeout=60s"]);
  });

  it("tell of an endpoint that throttles only where it is theirs", async () => {
    const busy = await startMockModel({
      script: () => ({ kind: "status", status: 429, headers: { "retry-after": "2" }, body: "{}" }),
    });
    await apply("throttled", 4, busy);
    await apply("unhindered", 200);
    expect(await world.untilCondition("throttled", "Backpressure")).toMatchObject({
      reason: "ModelThrottled",
      message: expect.stringContaining(new URL(busy.baseURL).origin),
    });
    await eventually(
      () => graded("unhindered"),
      (count) => count > 0,
    );
    expect(conditionOf(await world.job("unhindered"), "Backpressure")).not.toMatchObject({ status: "True" });
    await world.kubectlOk(["delete", "rj", "throttled", "unhindered", "--timeout=60s"]);
    await busy.close();
  });

  it("keep together within what their namespace may have active, though slots are free", async () => {
    const counted = await startMockModel({ script: always({ content: "yes" }), latencyMs: 100 });
    const jobs = ["a", "b"].map((name) =>
      plainJob(name, counted.baseURL, {
        dataset: { inline: rows(10, name) },
        samplesPerItem: 1,
        parallelism: 500,
      }),
    );
    const there = ["-n", FEW];
    for (const job of jobs) await kubectlOk(cluster, [...there, "apply", "-f", "-"], job);
    await kubectlOk(cluster, [...there, "wait", "--for=condition=Complete", "rj/a", "rj/b", "--timeout=90s"]);
    expect(counted.requestCount).toBe(20);
    expect(counted.peakInFlight).toBe(3);
    await kubectlOk(cluster, [...there, "delete", "rj", "a", "b", "--timeout=60s"]);
    await kubectl(cluster, ["delete", "namespace", FEW, "--wait=false"]);
    await counted.close();
  });

  it("keep together within what their model endpoint bears", async () => {
    await apply("one", 10, limited);
    await apply("two", 10, limited);
    await world.untilCondition("one", "Complete");
    await world.untilCondition("two", "Complete");
    expect(limited.requestCount).toBe(20);
    expect(limited.peakInFlight).toBe(2);
  });
});
