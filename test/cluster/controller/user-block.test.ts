import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CORPUS_FOLDER } from "../../../examples/repo-search/derive-items.ts";
import { startScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import type { ScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { eventually } from "../../support/cluster/eventually.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { REPO_SEARCH_JOB } from "../../support/controller/repo-search-files.ts";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/repo-search/", import.meta.url));
/** The example's files, and what the user calls them. */
const FILES = [
  ["environment.yaml", "environment.yaml"],
  ["baseline.yaml", "job.yaml"],
] as const;
const ROLLOUTS = 42;
const HEAD = ["NAME", "TOTAL", "ACTIVE", "GRADED", "FAILED", "REWARD", "AGE"];
const COMPLETE_MS = 600_000;
/** For all else, on a busy machine. */
const PATIENT = { timeout: 400_000 };

describe.skipIf(testCluster().isMissing)("what a user types", () => {
  const corpus = fileURLToPath(CORPUS_FOLDER);
  const started: RunningCli[] = [];
  let folder: string;
  /** Where the user has the two files: the example's own Environment, to which the corpus is where it is in the repository. */
  let place: string;
  let policy: ScriptedPolicy;
  let world: ClusterWorld;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollyard-user-"));
    policy = await startScriptedPolicy({ port: 0, host: "127.0.0.1" });
    place = join(folder, "examples", "repo-search");
    await mkdir(place, { recursive: true });
    await mkdir(join(folder, "node_modules"));
    await symlink(corpus, join(folder, "node_modules", "fastify"));
    for (const [name, as] of FILES) await copyFile(join(EXAMPLE, name), join(place, as));
    const job = join(place, "job.yaml");
    const shipped = await readFile(job, "utf8");
    const here = shipped.replace("http://127.0.0.1:8091/v1", policy.url);
    await writeFile(job, here.replace("samplesPerItem: 4", "samplesPerItem: 1"));
    world = await ClusterWorld.start({ controllers: 1, workers: 1, graders: 1, corpus });
    await world.startServices();
    const bin = join(folder, "bin");
    await mkdir(bin);
    await symlink(world.whole.cluster.kubectl, join(bin, "kubectl"));
    const command = nodeCommand("services/cli/main.ts", []).map((word) => `'${word}'`);
    await writeFile(join(bin, "rollyard"), `#!/bin/sh\nexec ${command.join(" ")} "$@"\n`, { mode: 0o755 });
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

  /** Starts a line of a shell in a folder with the two files. */
  const typed = (line: string): RunningCli => {
    const PATH = `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`;
    const KUBECONFIG = world.whole.cluster.kubeconfigFile;
    const env = { PATH, KUBECONFIG, KUBECACHEDIR: join(folder, "kube-cache") };
    const running = startProgram(["/bin/sh", "-c", `cd '${place}' && ${line}`], env);
    started.push(running);
    return running;
  };
  const user = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await typed(line).ended;
    if (code !== 0) throw new Error(`${line}: ${stderr}\n${await world.lastWords()}`);
    return stdout;
  };

  const figure = (field: string, namespace = "default"): Promise<string> =>
    user(`kubectl -n ${namespace} get rolloutjob ${REPO_SEARCH_JOB} -o 'jsonpath={.status.${field}}'`);
  const untilActive = (namespace = "default"): Promise<unknown> =>
    eventually(
      () => figure("rollouts.active", namespace),
      (count) => Number(count) > 0,
      120_000,
    );

  it(
    "takes a job from the CRDs to Complete",
    async () => {
      expect(await user("rollyard crds | kubectl apply -f -")).toContain("rolloutjobs.rollyard.dev");
      await user("kubectl apply -f environment.yaml -f job.yaml");
      const watching = typed("exec kubectl get rolloutjobs -w");
      await user("kubectl scale environment/repo-search --replicas=50");
      // Without a time of its own it waits for half a minute.
      await user("kubectl wait --for=condition=Complete rolloutjob/repo-search-baseline --timeout=500s");
      const row = `${REPO_SEARCH_JOB} +${ROLLOUTS} +0 +${ROLLOUTS} +0 +0\\.\\d+ +\\d+[ms]`;
      await watching.says(new RegExp(row, "u"));
      watching.kill("SIGTERM");
      const [head = "", ...rows] = (await watching.ended).stdout.trimEnd().split("\n");
      expect(head.split(/\s+/)).toEqual(HEAD);
      // It was seen on its way: with rollouts under way, and some graded.
      const counts = rows.map((each) => each.split(/\s+/).slice(1, 4).map(Number));
      expect(counts.some(([, active = 0, graded = 0]) => active > 0 && graded < ROLLOUTS)).toBe(true);
    },
    COMPLETE_MS,
  );

  it("shows what it asks for: replicas, events, fields", PATIENT, async () => {
    const replicas = "kubectl get environment repo-search -o 'jsonpath={.status.replicas}'";
    expect(Number(await user(replicas))).toBeGreaterThanOrEqual(50);
    const told = await user(`kubectl describe rolloutjob ${REPO_SEARCH_JOB}`);
    expect(told).toMatch(/Normal +Progressing .*rollyard/u);
    expect(told).toMatch(/Normal +Complete .*rollyard/u);
    const explained = await user("kubectl explain rolloutjob.spec.samplesPerItem");
    expect(explained).toContain("samplesPerItem <integer>");
    const listed = await user("kubectl get rollyard -o name");
    expect(listed.split("\n").toSorted()).toEqual([
      "",
      "environment.rollyard.dev/repo-search",
      `rolloutjob.rollyard.dev/${REPO_SEARCH_JOB}`,
    ]);
  });

  it("runs the same two files on this machine", PATIENT, async () => {
    const out = await user("rollyard run -f environment.yaml -f job.yaml --sandbox process --out runs");
    expect(out).toContain(`${ROLLOUTS}`);
    const results = join(place, "runs", REPO_SEARCH_JOB, "results.jsonl");
    expect((await readFile(results, "utf8")).trimEnd().split("\n")).toHaveLength(ROLLOUTS);
  });

  it(
    "lets a running job keep its Environment when that is edited and deleted, and says what it waits for",
    async () => {
      const mean = await figure("reward.mean");
      await user("kubectl delete -f job.yaml --timeout=120s");
      await user("kubectl apply -f job.yaml");
      // It has to run for as long as it takes to type what follows.
      const pace = (parallelism: number): Promise<string> =>
        user(
          `kubectl patch rolloutjob ${REPO_SEARCH_JOB} --type=merge -p '{"spec":{"parallelism":${parallelism}}}'`,
        );
      await pace(1);
      await untilActive();
      // With it no rollout would come to an answer.
      const edit = JSON.stringify({ spec: { limits: { maxTurns: 1 } } });
      await user(`kubectl patch environment repo-search --type=merge -p '${edit}'`);
      await user("kubectl delete environment repo-search --wait=false");
      const why =
        "kubectl get environment repo-search -o 'jsonpath={.status.conditions[?(@.type==\"Terminating\")].message}'";
      await eventually(
        () => user(why),
        (message) => message.includes(`jobs that use it have ended: ${REPO_SEARCH_JOB}`),
        60_000,
      );
      await pace(8);
      const complete = `--for=condition=Complete rolloutjob/${REPO_SEARCH_JOB} --timeout=${COMPLETE_MS / 1000}s`;
      await user(`kubectl wait ${complete}`);
      expect(await figure("rollouts.graded")).toBe(String(ROLLOUTS));
      expect(await figure("reward.mean")).toBe(mean);
      await user("kubectl wait --for=delete environment/repo-search --timeout=120s");
    },
    COMPLETE_MS + 300_000,
  );

  it("ends a job in the middle with its namespace", PATIENT, async () => {
    await user("kubectl create namespace passing");
    await user("kubectl -n passing apply -f environment.yaml -f job.yaml");
    await untilActive("passing");
    await user("kubectl delete namespace passing --timeout=300s");
    expect(await user("kubectl get namespace passing --ignore-not-found -o name")).toBe("");
  });

  it("removes everything by the files that made it", PATIENT, async () => {
    await user("kubectl apply -f environment.yaml");
    await user("kubectl delete -f environment.yaml -f job.yaml --timeout=300s");
    expect(await user("kubectl get pods -o name")).toBe("");
    expect((await world.bus.state("outcomes"))?.messages).toBe(0);
  });
});
