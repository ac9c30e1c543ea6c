import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CORPUS_FOLDER } from "../../../examples/repo-search/derive-items.ts";
import { startScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import type { ScriptedPolicy } from "../../../examples/repo-search/policy/server.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { clusterFlags, kubectl } from "../cluster/kubectl.ts";
import { startProgram } from "../run/run-cli.ts";
import type { RunningCli } from "../run/run-cli.ts";
import { clusterRewards, localRewards, REPO_SEARCH_JOB, writeRepoSearch } from "./repo-search-files.ts";
import type { RepoSearchFiles } from "./repo-search-files.ts";

/** Where the example runs, and how much of it. */
export interface RepoSearchPlace {
  readonly title: string;
  /** Then the cases are skipped. */
  readonly isMissing: boolean;
  readonly samplesPerItem: number;
  /** Sandboxes that are kept ready. */
  readonly replicas: number;
  /** Fields of the environment's sandbox that are different there. */
  readonly sandbox?: object;
  /** Starts a cluster, its node included; `corpus` is what sandboxes have in their workdir. */
  readonly start: (corpus: string) => Promise<RepoSearchWorld>;
}

/** A cluster with its node. */
export interface RepoSearchWorld {
  readonly world: Pick<ClusterWorld, "startServices" | "whole" | "bus" | "lastWords">;
  stop(): Promise<void>;
}

const ITEMS = 42;
const COMPLETE_MS = 600_000;

/** The cases of the example on a cluster: complete with the results of the local run, told in events, and gone when deleted. */
export function describeRepoSearch(place: RepoSearchPlace): void {
  const { samplesPerItem, replicas } = place;
  describe.skipIf(place.isMissing)(`repo-search ${place.title}`, () => {
    const started: RunningCli[] = [];
    let folder: string;
    let files: RepoSearchFiles;
    let policy: ScriptedPolicy;
    let here: RepoSearchWorld;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "rollyard-whole-"));
      policy = await startScriptedPolicy({ port: 0, host: "127.0.0.1" });
      const { sandbox } = place;
      files = await writeRepoSearch(folder, { modelUrl: policy.url, samplesPerItem, sandbox });
      here = await place.start(fileURLToPath(CORPUS_FOLDER));
      await here.world.startServices();
    });

    afterAll(async () => {
      for (const each of started) {
        each.kill("SIGKILL");
        await each.ended;
      }
      await here?.stop();
      await policy?.close();
      await rm(folder, { recursive: true, force: true });
    });

    const asUser = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await kubectl(here.world.whole.cluster, args);
      if (code !== 0)
        throw new Error(`kubectl ${args.join(" ")}: ${stderr}\n${await here.world.lastWords()}`);
      return stdout;
    };

    it(
      "runs from kubectl apply to Complete, with the results of the local run",
      async () => {
        await asUser("apply", "-f", files.clusterEnvironment, "-f", files.items, "-f", files.job);
        const { cluster } = here.world.whole;
        const watch = ["get", "rolloutjobs", "-w"];
        const watching = startProgram([cluster.kubectl, ...clusterFlags(cluster), ...watch]);
        started.push(watching);
        await asUser("scale", "environment/repo-search", `--replicas=${replicas}`);
        const complete = ["--for=condition=Complete", `--timeout=${COMPLETE_MS / 1000}s`];
        await asUser("wait", ...complete, `rolloutjob/${REPO_SEARCH_JOB}`);
        watching.kill("SIGTERM");
        const columns = (await watching.ended).stdout.split("\n")[0]?.split(/\s+/);
        expect(columns).toEqual(["NAME", "TOTAL", "ACTIVE", "GRADED", "FAILED", "REWARD", "AGE"]);
        const local = await localRewards(files, folder, samplesPerItem);
        expect(local.size).toBe(ITEMS * samplesPerItem);
        expect(await clusterRewards(here.world.bus, folder, samplesPerItem)).toEqual(local);
        const status = JSON.parse(await asUser("get", "rolloutjob", REPO_SEARCH_JOB, "-o", "json")) as {
          readonly status: { readonly rollouts: object };
        };
        const total = ITEMS * samplesPerItem;
        expect(status.status.rollouts).toMatchObject({ total, graded: total, failed: 0, active: 0 });
      },
      COMPLETE_MS + 60_000,
    );

    it("tells in its events what happened", async () => {
      const told = await asUser("describe", "rolloutjob", REPO_SEARCH_JOB);
      expect(told).toMatch(/Events:\n.*\n.*\n.*Normal/);
    });

    it("leaves nothing of itself after kubectl delete", async () => {
      await asUser("delete", "rolloutjob", REPO_SEARCH_JOB, "--timeout=60s");
      await asUser("delete", "environment", "repo-search", "--timeout=60s");
      for (const stream of ["work", "events", "outcomes"] as const) {
        expect((await here.world.bus.state(stream))?.messages).toBe(0);
      }
      expect(await asUser("get", "pods", "-o", "name")).toBe("");
    });
  });
}
