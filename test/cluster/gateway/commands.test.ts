import { readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/lib/json.ts";
import { installCrds } from "../../support/cluster/install-crds.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { conditionOf, PLAIN_ENVIRONMENT, plainJob } from "../../support/controller/jobs-world.ts";
import { GatewayWorld } from "../../support/gateway/gateway-world.ts";
import { freePort } from "../../support/lib/free-port.ts";
import { startMockModel } from "../../support/model/mock-model.ts";
import type { MockModel } from "../../support/model/mock-model.ts";
import { always } from "../../support/model/mock-scripts.ts";
import { startCli, startOnTerminal, startProgram } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";

const NAMESPACE = "gateway-commands";
const PLUGIN = fileURLToPath(new URL("../../../bin/kubectl-rollyard.mjs", import.meta.url));
const ROWS = [0, 1, 2, 3].map((n) => `${JSON.stringify({ question: `q${n}`, answer: "yes" })}\n`).join("");
/** After so many failures an attempt has failed. */
const TRIES_OF_A_CALL = 5;
/** A service as a chart of a later version installs it. */
const INSTALLED = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "rollyard-worker",
    labels: { "app.kubernetes.io/part-of": "rollyard", "app.kubernetes.io/version": "999.0.0" },
  },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: "worker" } },
    template: {
      metadata: { labels: { app: "worker" } },
      spec: { containers: [{ name: "worker", image: "none" }] },
    },
  },
};
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("the command line for clusters", () => {
  let world: GatewayWorld;
  let model: MockModel;
  let port = 0;
  let kubeconfig = "";
  /** Whether the model refuses the last row. */
  let isFlawed = false;
  /** Requests for the last row that the model still fails. */
  let failures = 0;
  /** Requests that the model still answers at once; those after them wait for {@link answersAgain}. */
  let answers = Number.POSITIVE_INFINITY;
  let answering = Promise.withResolvers<void>();

  beforeAll(async () => {
    await installCrds(cluster);
    const yes = always({ content: "yes" });
    const unknown = { kind: "status", status: 404, body: '{"error":{"message":"no such model"}}' } as const;
    const broken = { kind: "status", status: 500, body: "{}" } as const;
    model = await startMockModel({
      script: (request) => {
        if (!request.text.includes("q3")) return yes(request);
        if (isFlawed) return unknown;
        failures -= 1;
        return failures >= 0 ? broken : yes(request);
      },
      latencyMs: 10,
      get gate() {
        answers -= 1;
        return answers >= 0 ? Promise.resolve() : answering.promise;
      },
    });
    world = await GatewayWorld.start(cluster, NAMESPACE);
    const controller = await world.jobs.controller();
    controller.environments.put(NAMESPACE, "plain", PLAIN_ENVIRONMENT);
    await world.jobs.workers();
    port = await freePort();
    await world.gateway({ listen: { host: "127.0.0.1", port } });
    kubeconfig = await world.kubeconfig("editor");
    await writeFile(join(world.folder, "rows.jsonl"), ROWS);
  });

  afterAll(async () => {
    await world?.close();
    await model?.close();
  });

  const env = (): Record<string, string> => ({
    KUBECONFIG: kubeconfig,
    ROLLYARD_GATEWAY: `http://127.0.0.1:${port}`,
  });
  const rollyard = (...args: readonly string[]): Promise<CliEnd> => startCli(args, env()).ended;

  async function ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await rollyard(...args);
    expect([args, code, code === 0 ? "" : stderr]).toEqual([args, 0, ""]);
    return stdout;
  }

  async function jobFile(name: string, spec: JsonObject = {}): Promise<string> {
    const file = join(world.folder, `${name}.json`);
    const dataset = { file: "rows.jsonl" };
    await writeFile(file, JSON.stringify(plainJob(name, model.baseURL, { dataset, ...spec })));
    return file;
  }
  const jsonLines = (text: string): readonly JsonObject[] =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as JsonObject);

  it("submits a job with its local rows and watches it to its end", async () => {
    const { code, stdout, stderr } = await rollyard("submit", "-f", await jobFile("whole"), "--watch");
    expect(stderr).toContain(`rolloutjob ${NAMESPACE}/whole made: 4 rows, 8 rollouts`);
    expect(stderr).toContain("its rows are uploaded");
    expect([code, stdout]).toEqual([0, "Complete (AllGraded): All 8 rollouts have a reward.\n"]);
  });

  it("finds the very same job when it is submitted again, and refuses another of that name", async () => {
    const again = await rollyard("submit", "-f", await jobFile("whole"), "--json");
    expect([again.code, JSON.parse(again.stdout)]).toMatchObject([0, { name: "whole", rows: 4 }]);
    const other = await rollyard("submit", "-f", await jobFile("whole", { samplesPerItem: 5 }));
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("rollyard purge whole")]);
  });

  it("tells bad rows before anything is made", async () => {
    await writeFile(join(world.folder, "bad.jsonl"), "{}\nno\n");
    const file = await jobFile("bad-rows", { dataset: { file: "bad.jsonl" } });
    const { code, stderr } = await rollyard("submit", "-f", file);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/bad\.jsonl:2: is not valid JSON\n1 problem/u)]);
    expect(await world.jobs.job("bad-rows")).toBeNull();
  });

  it("finds that it has no token for the gateway before anything is made", async () => {
    const file = await jobFile("tokenless");
    const { code, stdout, stderr } = await rollyard("submit", "-f", file, "--service-account", "stranger");
    expect([code, stdout, stderr]).toEqual([
      2,
      "",
      expect.stringContaining(`There is no token of the service account ${NAMESPACE}/stranger`),
    ]);
    expect(await world.jobs.job("tokenless")).toBeNull();
  });

  it("lists jobs and tells of one", async () => {
    expect(await ok("get")).toMatch(/gateway-commands\s+whole\s+Complete\s+8\s+8\s+0\s+0\s+1\s+\d+s/u);
    expect(await ok("get", "rj/whole")).toContain("8 of 8 graded, mean reward 1");
    expect(JSON.parse(await ok("get", "whole", "--json"))).toMatchObject({
      status: { rollouts: { graded: 8 } },
    });
    expect(await ok("watch", "whole")).toContain("AllGraded");
  });

  it("prints results, groups and trajectories", async () => {
    const results = jsonLines(await ok("results", "whole", "--json"));
    expect(results).toHaveLength(8);
    expect(results[0]).toMatchObject({ job: "whole", outcome: "graded", reward: 1 });
    expect(await ok("results", "whole")).toMatch(
      /^rollout\s+reward.*\n(?:\d-\d\s+1\s+graded\s+answered.*\n){8}$/u,
    );
    const groups = jsonLines(await ok("results", "whole", "-f", "--groups", "--json", "--trajectories"));
    expect(groups).toHaveLength(4);
    expect(groups[0]).toMatchObject({
      complete: true,
      group: { n: 2, mean: 1 },
      results: [{ trajectory: { messages: expect.any(Array) } }, {}],
    });
  });

  it("writes results as a run folder that the commands for folders read, and adds only what is missing", async () => {
    const out = join(world.folder, "out");
    for (let times = 0; times < 2; times += 1) await ok("results", "whole", "--out", out);
    const text = await readFile(join(out, "whole", "results.jsonl"), "utf8");
    expect(jsonLines(text)).toHaveLength(8);
    expect(await ok("report", join(out, "whole"))).toContain("8");
    expect(await ok("show", join(out, "whole"), "2-1")).toContain("q2");
    expect(await ok("list", join(out, "whole"))).toContain("8 rollouts");
  });

  it("grades a job's rollouts again with another grader, in a folder of its own, and judges the baseline", async () => {
    const file = join(world.folder, "new.yaml");
    const grader = { type: "string_check", name: "not-yes", operation: "ne" };
    const texts = { input: "{{ sample.output_text }}", reference: "yes" };
    await writeFile(file, JSON.stringify({ ...grader, ...texts }));
    const out = join(world.folder, "again");
    const again = ["regrade", "whole", "--grader", file, "--series", "not-yes", "--out", out, "--json"];
    const change = JSON.parse(await ok(...again)) as JsonObject;
    expect(change).toMatchObject({ job: "whole", pairs: 8, mean_before: 1, mean_after: 0, lower: 8 });
    const series = await readFile(join(out, "whole", "regrades", "not-yes.jsonl"), "utf8");
    expect(jsonLines(series)).toHaveLength(8);
    const judged = await rollyard("preflight", "whole", "-f", file, "--out", out, "--json");
    expect([judged.code, JSON.parse(judged.stdout)]).toMatchObject([1, { job: "whole", verdict: "unfit" }]);
  });

  it("tells what happened, with words for one rollout", async () => {
    expect(await ok("logs", "whole")).toMatch(/\d+-\d+ .* 0-0\/0 {2}rollout\.started/u);
    const one = await ok("logs", "whole", "1-0");
    expect(one).toContain("turn.sampled");
    expect(one).toContain("q1");
    const [first] = jsonLines(await ok("logs", "whole", "1-0", "--json"));
    expect(first).toMatchObject({ rollout: "1-0", attempt: 0, event: "rollout.started" });
  });

  it("follows results over a gateway that is killed in the middle, and loses and repeats none", async () => {
    answersOnly(5);
    const file = await jobFile("outlives", { parallelism: 2, samplesPerItem: 4 });
    await ok("submit", "-f", file);
    const following = startCli(["results", "outlives", "-f", "--json"], env());
    await following.says(/"job":"outlives"/u);
    await world.killGateways();
    await following.says(/The gateway is not reached/u);
    answersAgain();
    await world.jobs.untilCondition("outlives", "Complete");
    await world.gateway({ listen: { host: "127.0.0.1", port } });
    const { code, stdout } = await following.ended;
    expect(code).toBe(0);
    const seen = jsonLines(stdout).map(
      ({ item_index, sample_index }) => `${Number(item_index)}-${Number(sample_index)}`,
    );
    expect(seen.length).toBe(16);
    expect(new Set(seen).size).toBe(16);
  });

  it("explains a job, and runs again what has no reward, with its rows, until nothing is left", async () => {
    isFlawed = true;
    await rollyard("submit", "-f", await jobFile("flawed"), "--watch");
    const explained = await rollyard("doctor", "flawed");
    expect([explained.code, explained.stdout]).toEqual([
      1,
      expect.stringMatching(
        /Complete \(SomeUngraded\)[^]*rollyard retry flawed -n gateway-commands[^]*class config/u,
      ),
    ]);
    const unknown = await rollyard("retry", "flawed", "--item", "7");
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("its items are 0-3")]);
    isFlawed = false;
    expect(await ok("retry", "rj/flawed")).toContain(
      `${NAMESPACE}/flawed-retry-1 made: 2 rollouts of flawed`,
    );
    expect(await ok("watch", "flawed-retry-1")).toContain("AllGraded");
    const retried = jsonLines(await ok("results", "flawed-retry-1", "--json"));
    expect(retried.map(({ item_index, reward }) => [item_index, reward])).toEqual([
      [3, 1],
      [3, 1],
    ]);
    expect(await ok("retry", "flawed")).toContain("Nothing to run");
    expect(await ok("doctor", "flawed-retry-1")).toContain("has ended: Complete (AllGraded)");
    await world.jobs.apply(INSTALLED);
    const doctor = ["doctor", "flawed-retry-1", "-n", NAMESPACE, "--json"];
    const installed = { ...env(), ROLLYARD_GATEWAY_SERVICE: `${NAMESPACE}/rollyard-gateway` };
    const asUser = await startCli(doctor, installed).ended;
    expect([asUser.code, JSON.parse(asUser.stdout)]).toMatchObject([0, { installation: null }]);
    const asAdmin = await startCli([...doctor, "--kubeconfig", cluster.kubeconfigFile], installed).ended;
    const older = { code: "command_line_older", action: "Install the command line of 999.0.0." };
    expect([asAdmin.code, JSON.parse(asAdmin.stdout).findings]).toEqual([
      1,
      expect.arrayContaining([expect.objectContaining(older)]),
    ]);
    await ok("purge", "flawed", "flawed-retry-1", "--yes");
  });

  it("tells how rollouts ended by the retries that their job has now", async () => {
    answersOnly(0);
    failures = TRIES_OF_A_CALL;
    await ok("submit", "-f", await jobFile("patient", { samplesPerItem: 1, retry: { maxAttempts: 1 } }));
    await world.jobs.untilCondition("patient", "Progressing");
    const body = JSON.stringify({ spec: { retry: { maxAttempts: 2 } } });
    await world.jobs.kubectlOk(["patch", "rj", "patient", "--type=merge", "-p", body]);
    await expect
      .poll(() => world.jobs.job("patient"), { timeout: 60_000 })
      .toMatchObject({ status: { attempts: { started: 5, retried: 1 } } });
    answersAgain();
    await world.jobs.untilCondition("patient", "Complete");
    const results = jsonLines(await ok("results", "patient", "--json"));
    expect(results.map(({ reward }) => reward)).toEqual([1, 1, 1, 1]);
    await ok("purge", "patient", "--yes");
  });

  it("suspends and resumes a job, and deletes it only for a yes", async () => {
    answersOnly(0);
    await ok("submit", "-f", await jobFile("stopped", { parallelism: 1 }));
    await world.jobs.untilCondition("stopped", "Progressing");
    expect(await ok("cancel", "stopped", "--suspend")).toContain("results stay");
    await world.jobs.untilCondition("stopped", "Suspended");
    answersAgain();
    await ok("cancel", "stopped", "--resume");
    await world.jobs.untilCondition("stopped", "Complete");
    const unasked = await rollyard("cancel", "stopped");
    expect([unasked.code, unasked.stderr]).toEqual([
      2,
      expect.stringMatching(/is deleted with everything: 8 graded results of 8 go too\. .* say --yes/u),
    ]);
    expect(conditionOf(await world.jobs.job("stopped"), "Complete")?.status).toBe("True");
    expect(await ok("cancel", "stopped", "--yes")).toContain(`${NAMESPACE}/stopped is deleted.`);
    expect(await world.jobs.job("stopped")).toBeNull();
  });

  it("asks at a terminal before it deletes, and takes only a yes for one", async () => {
    await ok("submit", "-f", await jobFile("asked"));
    // Before its controller has seen it, nobody knows how many rollouts it has.
    await world.jobs.untilCondition("asked", "Complete");
    const answered = async (keys: string): Promise<CliEnd> => {
      const command = startOnTerminal(["cancel", "asked"], env());
      await command.says(/8 graded results of 8 go too\. Delete it\? \[y\/N\] /u);
      command.type(keys);
      return command.ended;
    };
    for (const no of ["n\r", "\r", "yesterday\r"])
      expect(await answered(no)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("Nothing was deleted."),
      });
    // Ctrl-D: nobody is there any more.
    expect(await answered("\u0004")).toMatchObject({ code: 2, stdout: expect.stringContaining("say --yes") });
    expect(await world.jobs.job("asked")).not.toBeNull();
    expect(await answered("y\r")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${NAMESPACE}/asked is deleted.`),
    });
    expect(await world.jobs.job("asked")).toBeNull();
  });

  it("purges what has ended, and nothing that runs", async () => {
    answersOnly(0);
    await ok("submit", "-f", await jobFile("running"));
    const refused = await rollyard("purge", "whole", "running", "--yes");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("running has not ended")]);
    answersAgain();
    await world.jobs.untilCondition("running", "Complete");
    await ok("purge", "whole", "running", "outlives", "--yes");
    expect(await world.jobs.job("whole")).toBeNull();
    const bus = await world.jobs.connect("looker");
    for (const stream of ["events", "outcomes", "blobs"] as const) {
      expect([...(await bus.subjects(stream, ">")).keys()]).toEqual([]);
    }
    const gone = await rollyard("results", "whole");
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('There is no RolloutJob "whole"')]);
  });

  it("is kubectl's plugin with every one of its commands", async () => {
    await symlink(PLUGIN, join(world.folder, "kubectl-rollyard"));
    const path = [world.folder, process.env["PATH"] ?? ""].join(delimiter);
    const file = await jobFile("plugged", { samplesPerItem: 1 });
    const steps: readonly (readonly [readonly string[], string])[] = [
      [["submit", "-f", file], "Follow it: kubectl rollyard watch plugged -n gateway-commands"],
      [["watch", "plugged"], "Complete (AllGraded)"],
      [["get", "plugged"], "4 of 4 graded, mean reward 1"],
      [["results", "plugged"], "graded"],
      [["logs", "plugged", "1-0"], "rollout.started"],
      [["doctor", "plugged"], "has ended: Complete (AllGraded)"],
      [["retry", "plugged"], "Nothing to run"],
      [["cancel", "plugged"], "is deleted with everything: 4 graded results of 4 go too"],
      [["purge", "plugged", "--yes"], "plugged"],
      [["get", "plugged"], 'There is no RolloutJob "plugged"'],
    ];
    for (const [args, said] of steps) {
      const command = [cluster.kubectl, "rollyard", ...args];
      const { code, stdout, stderr } = await startProgram(command, { ...env(), PATH: path }).ended;
      expect([args, code, stdout + stderr]).toEqual([
        args,
        expect.any(Number),
        expect.stringContaining(said),
      ]);
    }
  });

  it("says what to do for a wrong token, a missing right, and a gateway that is not there", async () => {
    const wrong = await startCli(["results", "whole", "--token", "wrong"], env()).ended;
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("sign in anew")]);
    const nobody = await startCli(["results", "whole"], {
      ...env(),
      KUBECONFIG: await world.kubeconfig("nobody"),
    }).ended;
    expect([nobody.code, nobody.stderr]).toEqual([
      2,
      expect.stringContaining("may not get rolloutjobs/results"),
    ]);
    const away = await startCli(["logs", "whole", "--gateway", "http://127.0.0.1:1"], env()).ended;
    expect([away.code, away.stderr]).toEqual([1, expect.stringContaining("--gateway URL")]);
    const elsewhere = await rollyard("get", "--kubeconfig", join(world.folder, "none"));
    expect([elsewhere.code, elsewhere.stderr]).toEqual([
      2,
      expect.stringContaining("--kubeconfig or KUBECONFIG"),
    ]);
  });

  function answersOnly(requests: number): void {
    answers = requests;
    answering = Promise.withResolvers<void>();
  }

  function answersAgain(): void {
    answers = Number.POSITIVE_INFINITY;
    answering.resolve();
  }
});
