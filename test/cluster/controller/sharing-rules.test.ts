import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { callsUntil, toolTurns } from "../../support/model/mock-scripts.ts";

const SLOTS = 16;
/** For a job's end, on a busy machine. */
const END_S = 240;
const PATIENT = { timeout: 600_000 };
/** Each rollout takes a sandbox: it calls a tool, then answers. */
const LOOKS = { calls: [{ name: "look", arguments: "{}" }], answer: "yes" };
const SCRIPT = toolTurns({ turns: 1, ...LOOKS });
const ENVIRONMENT = {
  apiVersion: "rollyard.dev/v1alpha1",
  kind: "Environment",
  metadata: { name: "plain" },
  spec: {
    ...PLAIN_ENVIRONMENT,
    tools: [{ name: "look", parameters: { type: "object" }, exec: { argv: ["true"] } }],
  },
};

/** A job of a namespace. */
interface Sharing {
  readonly namespace: string;
  readonly name: string;
  readonly rollouts: number;
  readonly model: MockModel;
  readonly priority?: number;
}

describe.skipIf(testCluster().isMissing)("what administrators set, on a cluster with few slots", () => {
  let world: ClusterWorld;
  let common: MockModel;
  let counted: MockModel;
  let limited: MockModel;

  beforeAll(async () => {
    [common, counted, limited] = await Promise.all([
      startMockModel({ script: SCRIPT, latencyMs: 300 }),
      startMockModel({ script: SCRIPT, latencyMs: 100 }),
      startMockModel({ script: SCRIPT, latencyMs: 100 }),
    ]);
    world = await ClusterWorld.start({
      controllers: 1,
      workers: 1,
      graders: 1,
      slots: SLOTS,
      controllerConfig: {
        namespaces: { heavy: { weight: 3 }, few: { maxActive: 2 } },
        modelEndpoints: { [limited.baseURL]: { maxConcurrent: 3 } },
      },
    });
    for (const name of ["heavy", "light", "few"]) {
      await world.kubectl(["create", "namespace", name]);
      await world.kubectl(["-n", name, "create", "-f", "-"], ENVIRONMENT);
    }
    await world.startServices();
  }, PATIENT.timeout);

  afterAll(async () => {
    await world?.stop();
    for (const model of [common, counted, limited]) await model?.close();
  });

  const apply = (jobs: readonly Sharing[]): Promise<string> =>
    world.kubectl(["create", "-f", "-"], {
      apiVersion: "v1",
      kind: "List",
      items: jobs.map(({ namespace, name, rollouts, model, priority = 0 }) => {
        const inline = Array.from({ length: rollouts }, () => ({ question: name, answer: "yes" }));
        const bounds = { parallelism: 500, priority, queueName: `of-${name}` };
        const spec = { dataset: { inline }, samplesPerItem: 1, ...bounds };
        const job = plainJob(name, model.baseURL, spec);
        return { ...job, metadata: { name, namespace } };
      }),
    });
  const complete = async ({ namespace, name }: Sharing): Promise<void> => {
    const wait = ["wait", "--for=condition=Complete", `rolloutjob/${name}`, `--timeout=${END_S}s`];
    await world.kubectl(["-n", namespace, ...wait]);
  };
  const remove = ({ namespace, name }: Sharing): Promise<string> =>
    world.kubectl(["-n", namespace, "delete", `rolloutjob/${name}`, "--timeout=60s"]);
  const graded = async ({ namespace, name }: Sharing): Promise<number> => {
    const path = "jsonpath={.status.rollouts.graded}";
    return Number(await world.kubectl(["-n", namespace, "get", `rolloutjob/${name}`, "-o", path]));
  };
  /** The jobs whose rollouts began at the common endpoint, in that order. */
  const begun = (): readonly string[] =>
    common.requests
      .filter(({ turn }) => turn === 0)
      .map(({ text }) => /"content":"([a-z]+)"/u.exec(text)?.[1] ?? "");

  it("gives a namespace of three times the weight three times the slots", PATIENT, async () => {
    const heavy = { namespace: "heavy", name: "much", rollouts: 120, model: common };
    const light = { namespace: "light", name: "less", rollouts: 120, model: common };
    await apply([light, heavy]);
    await Promise.all([complete(heavy), complete(light)]);
    // From when both fill the slots until one has nothing left to begin.
    const order = begun().slice(2 * SLOTS);
    const both = order.slice(0, order.lastIndexOf("much") + 1);
    const share = both.filter((name) => name === "much").length / both.length;
    expect(share).toBeGreaterThan(0.68);
    expect(share).toBeLessThan(0.82);
    await Promise.all([remove(heavy), remove(light)]);
  });

  it("lets a small job of the same namespace begin and end beside a huge one", PATIENT, async () => {
    const huge = { namespace: "heavy", name: "huge", rollouts: 800, model: common };
    const small = { namespace: "heavy", name: "small", rollouts: 4, model: common };
    await apply([huge]);
    await eventually(
      () => graded(huge),
      (count) => count > 0,
      PATIENT.timeout,
    );
    await apply([small]);
    await complete(small);
    expect(await graded(huge)).toBeLessThan(200);
    await Promise.all([remove(huge), remove(small)]);
  });

  it("gives every slot of a namespace to the job of the highest priority first", PATIENT, async () => {
    const usual = { namespace: "heavy", name: "usual", rollouts: 110, model: common };
    const urgent = { namespace: "heavy", name: "urgent", rollouts: 60, model: common, priority: 10 };
    await apply([usual]);
    await eventually(
      () => graded(usual),
      (count) => count > 0,
      PATIENT.timeout,
    );
    await apply([urgent]);
    await complete(urgent);
    // What was dispatched before it came is all that begins beside it: by equal shares it would be as much as its own 60.
    const order = begun();
    const during = order.slice(order.indexOf("urgent"), order.lastIndexOf("urgent"));
    expect(during.filter((name) => name === "usual").length).toBeLessThan(2 * SLOTS);
    await Promise.all([remove(usual), remove(urgent)]);
  });

  it(
    "holds a namespace to the rollouts that it may have active, though slots are free",
    PATIENT,
    async () => {
      const jobs = ["one", "two"].map((name) => ({ namespace: "few", name, rollouts: 8, model: counted }));
      await apply(jobs);
      await Promise.all(jobs.map(complete));
      expect([counted.requestCount, counted.peakInFlight]).toEqual([32, 2]);
      await Promise.all(jobs.map(remove));
    },
  );

  it("holds all jobs of all namespaces together to what a model endpoint bears", PATIENT, async () => {
    const jobs = ["heavy", "light"].map((namespace) => ({
      namespace,
      name: "bounded",
      rollouts: 12,
      model: limited,
    }));
    await apply(jobs);
    await Promise.all(jobs.map(complete));
    expect([limited.requestCount, limited.peakInFlight]).toEqual([48, 3]);
    await Promise.all(jobs.map(remove));
  });

  it("puts a job's queue on the pods of its rollouts, and on no others", PATIENT, async () => {
    const jobs = ["queued", "other"].map((name) => ({
      namespace: "light",
      name,
      rollouts: 2,
      model: common,
    }));
    const label = "kueue.x-k8s.io/queue-name";
    const pods = async (): Promise<readonly string[]> => {
      const path = `jsonpath={range .items[*]}{.metadata.labels.${label.replaceAll(".", String.raw`\.`)}}{"\\n"}{end}`;
      return (await world.kubectl(["-n", "light", "get", "pods", "-o", path])).split("\n");
    };
    const seen = new Set<string>();
    await apply(jobs);
    await eventually(
      async () => {
        for (const queue of await pods()) seen.add(queue);
        return seen;
      },
      () => seen.has("of-queued") && seen.has("of-other"),
      PATIENT.timeout,
    );
    await Promise.all(jobs.map(complete));
    expect([...seen].filter((queue) => queue !== "").toSorted()).toEqual(["of-other", "of-queued"]);
  });

  it(
    "starts each item's own image in pods of their own, under names as long as may be",
    PATIENT,
    async () => {
      const environment = "e".repeat(52);
      const job = "j".repeat(52);
      let isSeen = false;
      const model = await startMockModel({ script: callsUntil(() => isSeen, LOOKS), latencyMs: 300 });
      const images = ["registry.example/one:1", "registry.example/two:1"];
      const inline = images.map((image) => ({ question: image, image, answer: "yes" }));
      const sandbox = { image: "{{ item.image }}" };
      const named = {
        ...ENVIRONMENT,
        metadata: { name: environment },
        spec: { ...ENVIRONMENT.spec, sandbox },
      };
      const spec = { environmentRef: { name: environment }, dataset: { inline }, samplesPerItem: 2 };
      await world.kubectl(["-n", "light", "create", "-f", "-"], named);
      await world.kubectl(["-n", "light", "create", "-f", "-"], plainJob(job, model.baseURL, spec));
      const path = `jsonpath={range .items[*]}{.spec.containers[0].image}{"\\n"}{end}`;
      const ofIt = ["-l", `rollyard.dev/environment=${environment}`];
      const pods = await eventually(
        async () =>
          (await world.kubectl(["-n", "light", "get", "pods", ...ofIt, "-o", path])).trim().split("\n"),
        (found) => found.length === 4,
        PATIENT.timeout,
      );
      expect(pods.toSorted()).toEqual([images[0], images[0], images[1], images[1]]);
      isSeen = true;
      await complete({ namespace: "light", name: job, rollouts: 4, model });
      await model.close();
    },
  );
});
