import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import type { ScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import { CORPUS_FOLDER } from "../../../examples/repo-search/derive-items.ts";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { gather } from "../../chaos/checker/gather.ts";
import { kubectl } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startCli, startProgram } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/repo-search/", import.meta.url));
const NAME = "repo-search-baseline";
const SAMPLES = 4;
const ROLLOUTS = 42 * SAMPLES;
const COMPLETE_MS = 600_000;

interface ResultLine {
  readonly item_index: number;
  readonly sample_index: number;
  readonly reward: number | null;
}

/** The example's job, its rows in a ConfigMap: such a file runs on a laptop and on a cluster. */
async function writeJobFiles(folder: string, modelUrl: string): Promise<readonly [string, string]> {
  const job = parse(await readFile(join(EXAMPLE, "job.yaml"), "utf8")) as {
    readonly spec: { readonly model: object };
  };
  const items = await readFile(join(EXAMPLE, "items.jsonl"), "utf8");
  const configMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "repo-questions" },
    data: { "items.jsonl": items },
  };
  const spec = {
    ...job.spec,
    dataset: { configMap: { name: "repo-questions", key: "items.jsonl" } },
    model: { ...job.spec.model, baseURL: modelUrl },
  };
  const files = [join(folder, "items.yaml"), join(folder, "job.yaml")] as const;
  await writeFile(files[0], JSON.stringify(configMap));
  await writeFile(files[1], JSON.stringify({ ...job, metadata: { name: NAME }, spec }));
  return files;
}

describe.skipIf(testCluster().isMissing)("repo-search on a cluster", () => {
  const environment = join(EXAMPLE, "environment.yaml");
  const started: RunningCli[] = [];
  let folder: string;
  let files: readonly [string, string];
  let policy: ScriptedPolicy;
  let world: ClusterWorld;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollyard-whole-"));
    policy = await startScriptedPolicy({ port: 0, host: "127.0.0.1" });
    files = await writeJobFiles(folder, policy.url);
    const corpus = fileURLToPath(CORPUS_FOLDER);
    world = await ClusterWorld.start({ controllers: 2, workers: 2, graders: 2, corpus });
    await world.startServices();
  });

  afterAll(async () => {
    for (const each of started) {
      each.kill("SIGKILL");
      await each.ended;
    }
    await world?.stop();
    await policy?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const asUser = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(world.whole.cluster, args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}\n${await world.lastWords()}`);
    return stdout;
  };

  it(
    "runs from kubectl apply to Complete, with the results of the local run",
    async () => {
      const [items, job] = files;
      await asUser("apply", "-f", environment, "-f", items, "-f", job);
      const watching = startProgram([
        world.whole.cluster.kubectl,
        ...["--kubeconfig", world.whole.cluster.kubeconfigFile, "get", "rolloutjobs", "-w"],
      ]);
      started.push(watching);
      await asUser("scale", `environment/repo-search`, "--replicas=12");
      await asUser(
        "wait",
        "--for=condition=Complete",
        `rolloutjob/${NAME}`,
        `--timeout=${COMPLETE_MS / 1000}s`,
      );
      watching.kill("SIGTERM");
      const columns = (await watching.ended).stdout.split("\n")[0]?.split(/\s+/);
      expect(columns).toEqual(["NAME", "TOTAL", "ACTIVE", "GRADED", "FAILED", "REWARD", "AGE"]);
      const local = await localRewards();
      expect(local.size).toBe(ROLLOUTS);
      expect(await clusterRewards()).toEqual(local);
      const status = JSON.parse(await asUser("get", "rolloutjob", NAME, "-o", "json")) as {
        readonly status: { readonly rollouts: object };
      };
      expect(status.status.rollouts).toMatchObject({
        total: ROLLOUTS,
        graded: ROLLOUTS,
        failed: 0,
        active: 0,
      });
    },
    COMPLETE_MS + 60_000,
  );

  it("tells in its events what happened", async () => {
    const told = await asUser("describe", "rolloutjob", NAME);
    expect(told).toMatch(/Events:\n.*\n.*\n.*Normal/);
  });

  it("leaves nothing of itself after kubectl delete", async () => {
    await asUser("delete", "rolloutjob", NAME, "--timeout=60s");
    await asUser("delete", "environment", "repo-search", "--timeout=60s");
    for (const stream of ["work", "events", "outcomes"] as const) {
      expect((await world.bus.state(stream))?.messages).toBe(0);
    }
    expect(await asUser("get", "pods", "-o", "name")).toBe("");
  });

  async function clusterRewards(): Promise<ReadonlyMap<number, number | null>> {
    const { outcomes } = await gather({
      bus: world.bus,
      samplesPerItem: SAMPLES,
      resultsFolder: folder,
      modelLog: "",
      toolLog: null,
    });
    const rewards = [...outcomes].map(([rollout, chain]) => [rollout, chain.at(-1)?.reward ?? null] as const);
    return new Map(rewards.toSorted(([left], [right]) => left - right));
  }

  async function localRewards(): Promise<ReadonlyMap<number, number | null>> {
    const out = join(folder, "local");
    const inputs = ["-f", environment, "-f", files[0], "-f", files[1]];
    const run = await startCli(["run", ...inputs, "--sandbox", "process", "--out", out]).ended;
    if (run.code !== 0) throw new Error(run.stderr);
    const text = await readFile(join(out, NAME, "results.jsonl"), "utf8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as ResultLine);
    const rewards = lines.map(
      ({ item_index, sample_index, reward }) => [item_index * SAMPLES + sample_index, reward] as const,
    );
    return new Map(rewards.toSorted(([left], [right]) => left - right));
  }
});
