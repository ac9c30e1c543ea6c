import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CORPUS_FOLDER } from "../../../examples/repo-search/derive-items.ts";
import { startScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import type { ScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import { ChartWorld } from "../../support/chart/chart-world.ts";
import { testHelm } from "../../support/chart/test-helm.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import {
  clusterRewards,
  REPO_SEARCH_JOB,
  writeRepoSearch,
} from "../../support/controller/repo-search-files.ts";

/** 42 items of 12 samples. */
const SAMPLES = 12;
const ROLLOUTS = 504;
const COMPLETE_MS = 600_000;
const POLL_MS = 250;

interface JobStatus {
  readonly rollouts?: {
    readonly total: number;
    readonly graded: number;
    readonly failed: number;
    readonly active: number;
  };
  readonly failures?: Readonly<Record<string, number>>;
  readonly attempts?: { readonly started: number; readonly retried: number };
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

/** Graded before the upgrade begins. */
const BEFORE = 40;

const found = await testHelm();

describe.skipIf(found.kind === "missing" || testCluster().isMissing).each([
  { replicas: 1, what: "one server" },
  { replicas: 3, what: "three servers" },
])("the chart on a cluster, with $what of NATS", ({ replicas }) => {
  let folder: string;
  let policy: ScriptedPolicy;
  let world: ChartWorld;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollyard-upgrade-"));
    policy = await startScriptedPolicy({ port: 0, host: "127.0.0.1" });
    world = await ChartWorld.start(found, fileURLToPath(CORPUS_FOLDER), { nats: { replicas } });
    await world.startServices();
  });

  afterAll(async () => {
    await world?.stop();
    await policy?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function status(): Promise<JobStatus> {
    const get = ["get", "rolloutjob", REPO_SEARCH_JOB, "-o", "json"];
    const job = JSON.parse(await kubectlOk(world.whole.cluster, get)) as { readonly status?: JobStatus };
    return job.status ?? {};
  }

  it("passes its own test: a job of two items", async () => {
    const { code, stdout, stderr } = await world.runTestJob();
    expect({ code, stdout, stderr }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Both rollouts ran in a sandbox and were graded."),
    });
  });

  it(
    "is upgraded in the middle of a job of 500 rollouts, every service and the bus replaced, and no rollout fails or begins again",
    async () => {
      const files = await writeRepoSearch(folder, { modelUrl: policy.url, samplesPerItem: SAMPLES });
      const apply = ["apply", "-f", files.clusterEnvironment, "-f", files.items, "-f", files.job];
      await kubectlOk(world.whole.cluster, apply);
      const begun = await eventually(
        status,
        (now) => isOver(now) || (now.rollouts?.graded ?? 0) >= BEFORE,
        COMPLETE_MS,
        POLL_MS,
      );
      expect(isOver(begun)).toBe(false);

      const replaced = await world.upgrade({
        controller: { config: { policyProbe: { enabled: false }, namespaces: { default: { weight: 2 } } } },
        worker: { config: { slots: 100 } },
        grader: { config: { concurrency: 16 } },
        gateway: { config: { drainSeconds: 5 } },
        nats: { replicas, storage: { maxMiB: 24_000 } },
      });

      expect(replaced).toEqual(["controller", "worker", "grader", "gateway", "nats"]);
      expect(isOver(await status())).toBe(false);
      const end = await eventually(status, isOver, COMPLETE_MS, POLL_MS);
      expect(end.rollouts).toMatchObject({ total: ROLLOUTS, graded: ROLLOUTS, failed: 0, active: 0 });
      expect(Object.values(end.failures ?? {}).filter((count) => count > 0)).toEqual([]);
      expect(end.attempts).toEqual({ started: ROLLOUTS, retried: 0 });
      const rewards = await clusterRewards(world.bus, folder, SAMPLES);
      expect([...rewards.values()].filter((reward) => typeof reward === "number")).toHaveLength(ROLLOUTS);
      expect(world.gaveUp).toEqual([]);
    },
    2 * COMPLETE_MS,
  );
});

function isOver({ conditions = [] }: JobStatus): boolean {
  return conditions.some(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
}
