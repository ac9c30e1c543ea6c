import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";
import { startCli } from "../../support/run/run-cli.ts";
import { ROW, TrainerClient } from "../../support/serve/trainer-client.ts";

const WITHIN = { timeout: 60_000, interval: 200 };
/** As long as a name may be. */
const ONE = "o".repeat(52);

describe.skipIf(testCluster().isMissing)("traces of a hosted trainer on a cluster", () => {
  let world: ClusterWorld;
  let urls: readonly string[] = [];
  const trainerOf = (name: string, key: string): TrainerClient =>
    new TrainerClient(
      { authorization: `Bearer ${key}` },
      urls.map((url) => `${url}/v1/environments/default/${name}`),
    );
  const statusOf = async (name: string): Promise<Record<string, unknown>> => {
    const object = JSON.parse(await world.kubectl(["get", "renv", name, "-o", "json"])) as {
      readonly status?: Record<string, unknown>;
    };
    return object.status ?? {};
  };

  beforeAll(async () => {
    world = await ClusterWorld.start({ controllers: 2, workers: 0, graders: 1 });
    await world.startServices();
    urls = [(await world.startGateway()).url, (await world.startGateway()).url];
    await world.kubectl(["apply", "-f", "-"], secret("one-key"));
    await world.kubectl(["create", "secret", "generic", "two", "--from-literal=keys=two-key"]);
    for (const name of [ONE, "two"]) await world.kubectl(["apply", "-f", "-"], environment(name));
  });

  afterAll(async () => {
    await world.stop();
  });

  it("are answered by every gateway in one sandbox, graded once, and shown by kubectl", async () => {
    const trainer = trainerOf(ONE, "one-key");
    const first = { trace: "trace_1", call: "call_1", command: "echo ran >> log; cat log" };
    // A gateway that was asked too early takes it for missing for a second more, whatever the others know by then.
    for (const base of trainer.bases)
      await expect.poll(async () => (await trainer.at(base).call(first)).status, WITHIN).toBe(200);
    const repeats = await Promise.all([trainer.call(first), trainer.call(first)]);
    expect(repeats.map(({ body }) => body["output"])).toEqual(["ran\n", "ran\n"]);
    await expect.poll(async () => (await statusOf(ONE))["traces"], WITHIN).toMatchObject({ live: 1 });
    expect(await trainer.grade("trace_1")).toEqual({ status: 200, body: { score: 1 } });
    expect(await trainer.grade("trace_1")).toEqual({ status: 200, body: { score: 1 } });
    expect(await trainer.grade("trace_2", "3")).toEqual({ status: 200, body: { score: 0 } });
    await expect
      .poll(() => statusOf(ONE), WITHIN)
      .toMatchObject({ traces: { live: 0, graded: 2, failed: 0 }, reward: { mean: 0.5 }, leased: 0 });
    const shown = await world.kubectl(["get", "renv", ONE, "-o", "wide"]);
    expect(shown).toMatch(/TRACES\s+REWARD/u);
    expect(shown).toMatch(/\b0\.5\b/u);
  });

  it("are read as a job's results are, by whoever may, and reported by row", async () => {
    const trainer = trainerOf(ONE, "one-key");
    const rows = [
      { ...ROW, split: "train" },
      { split: "train", answer: "2", question: "1 + 1" },
      { ...ROW, split: "validation" },
    ];
    for (const [index, row] of rows.entries())
      expect(await trainer.grade(`trace_r${index}`, index === 1 ? "3" : "2", row)).toMatchObject({
        status: 200,
      });
    const flags = ["--gateway", urls[1] ?? "", "--kubeconfig", world.whole.plane.kubeconfigFile];
    const out = path.join(world.folder, "results");
    const download = ["results", "--env", ONE, "--out", out, ...flags];
    expect(await startCli(download).ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("5 rollouts"),
    });
    expect(await startCli(download).ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("5 rollouts"),
    });
    const told = await startCli(["report", path.join(out, ONE), "--json"]).ended;
    expect(JSON.parse(told.stdout)).toMatchObject({
      splits: [
        { split: "train", rollouts: 2, mean_reward: 0.5 },
        { split: "validation", rollouts: 1, mean_reward: 1 },
      ],
    });
    const records = (await readFile(path.join(out, ONE, "results.jsonl"), "utf8")).trim().split("\n");
    const placeOf = (line: string): readonly unknown[] => {
      const { trace_id, item_index, sample_index } = JSON.parse(line) as Record<string, unknown>;
      return [trace_id, item_index, sample_index];
    };
    expect(records.map(placeOf)).toEqual([
      ["trace_1", 0, 0],
      ["trace_2", 0, 1],
      ["trace_r0", 1, 0],
      ["trace_r1", 1, 1],
      ["trace_r2", 2, 0],
    ]);
    const missing = await startCli(["results", "--env", "none", ...flags]).ended;
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('No Environment "none"') });
    await world.kubectl(["create", "serviceaccount", "nobody"]);
    const stranger = await startCli(["results", "--env", ONE, "--service-account", "nobody", ...flags]).ended;
    expect(stranger).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("may not get environments/results"),
    });
  });

  it("are opened by the keys of their own environment alone, new ones as soon as they are there", async () => {
    const wrong = trainerOf(ONE, "two-key");
    expect(await wrong.grade("trace_k")).toMatchObject({ status: 401 });
    expect(await trainerOf("none", "one-key").grade("trace_k")).toMatchObject({ status: 404 });
    await world.kubectl(["apply", "-f", "-"], secret("one-key\nnew-key"));
    const renewed = trainerOf(ONE, "new-key");
    await expect.poll(async () => (await renewed.grade("trace_k")).status, WITHIN).toBe(200);
    expect(await trainerOf(ONE, "one-key").grade("trace_l")).toMatchObject({ status: 200 });
    // One that was taken out opens nothing any more, at either gateway; a wrong one has them look at once.
    await world.kubectl(["apply", "-f", "-"], secret("new-key"));
    for (const base of renewed.bases) {
      const statusOfOld = async (): Promise<number> => {
        await wrong.at(base).grade("trace_l");
        return (await trainerOf(ONE, "one-key").at(base).grade("trace_l")).status;
      };
      await expect.poll(statusOfOld, WITHIN).toBe(401);
      expect(await renewed.at(base).grade("trace_l")).toMatchObject({ status: 200 });
    }
    await world.kubectl(["apply", "-f", "-"], secret("one-key\nnew-key"));
    for (const base of renewed.bases) {
      const again = trainerOf(ONE, "one-key").at(base);
      await expect.poll(async () => (await again.grade("trace_l")).status, WITHIN).toBe(200);
    }
  });

  it(
    "keep the rules of the contract, and every promise to a trainer that retries, doubles and loses answers",
    { timeout: 600_000 },
    async () => {
      const base = `${urls[0]}/v1/environments/default/${ONE}`;
      const target = ["--tools", `${base}/tools/shell`, "--grader", `${base}/grade`];
      const key = ["--header", "Authorization: Bearer one-key"];
      const counting = ["--counting", "--arguments", JSON.stringify({ command: "echo x >> n; wc -l < n" })];
      const item = ["--item", '{"answer": "2", "question": "1 + 1"}', "--burst", "10"];
      const checked = await startCli(["conformance", ...target, ...key, ...counting, ...item, "--json"])
        .ended;
      const { results } = JSON.parse(checked.stdout) as { readonly results: readonly { verdict: string }[] };
      expect(results.filter(({ verdict }) => verdict !== "pass")).toEqual([]);
      const replicas = urls.flatMap((url) => ["--replica", url]);
      const size = ["--traces", "30", "--step", "15", "--seed", "3"];
      const args = ["trainer", "simulate", ...target, ...key, ...replicas, ...size, "--json"];
      const told = await startCli(args).ended;
      expect(JSON.parse(told.stdout)).toMatchObject({ examples: [], violations: {}, kept: true, traces: 30 });
    },
  );

  it("are not served where the image depends on the row, and the Environment says so", async () => {
    await world.kubectl(["apply", "-f", "-"], environment("rowed", "{{ item.image }}"));
    const notServed = async (): Promise<unknown> => {
      const { conditions } = (await statusOf("rowed")) as { readonly conditions?: readonly object[] };
      return conditions?.find((condition) => "type" in condition && condition.type === "NotServed");
    };
    await expect.poll(notServed, WITHIN).toMatchObject({ status: "True", reason: "ImageOfRow" });
    expect(await trainerOf("rowed", "one-key").grade("trace_r")).toMatchObject({ status: 404 });
    await world.kubectl(["apply", "-f", "-"], environment("rowed"));
    await expect.poll(notServed, WITHIN).toMatchObject({ status: "False", message: "" });
  });

  it("go on when their controller is replaced, and end when nobody calls them any more", async () => {
    const trainer = trainerOf("two", "two-key");
    const call = (name: string) => ({ trace: "trace_i", call: name, command: "echo ran >> log; cat log" });
    await expect.poll(async () => (await trainer.call(call("a"))).status, WITHIN).toBe(200);
    const leader = await world.leader();
    leader?.kill();
    expect((await trainer.callPatiently(call("b"))).body["output"]).toBe("ran\nran\n");
    await expect
      .poll(() => statusOf("two"), WITHIN)
      .toMatchObject({ traces: { live: 0, failed: 1 }, failures: { cancelled: 1 }, leased: 0 });
    expect(await trainer.call(call("c"))).toMatchObject({ status: 409, body: { call_id: "c" } });
    expect(await trainer.grade("trace_i")).toMatchObject({ status: 500 });
  });

  it("are read on when they are served no more, until their environment is deleted", async () => {
    const off = { spec: { serve: { enabled: false } } };
    await world.kubectl(["patch", "renv", ONE, "--type=merge", "-p", JSON.stringify(off)]);
    const trainer = trainerOf(ONE, "new-key");
    for (const gateway of trainer.bases.map((base) => trainer.at(base)))
      await expect.poll(async () => (await gateway.grade("trace_o")).status, WITHIN).toBe(404);
    const flags = ["--gateway", urls[1] ?? "", "--kubeconfig", world.whole.plane.kubeconfigFile];
    const read = (): ReturnType<typeof startCli>["ended"] =>
      startCli(["results", "--env", ONE, "--json", ...flags]).ended;
    expect(await read()).toMatchObject({ code: 0, stdout: expect.stringContaining('"trace_id":"trace_1"') });
    await world.kubectl(["delete", "renv", ONE, "--timeout=60s"]);
    await expect.poll(async () => (await read()).code, WITHIN).toBe(2);
  });

  it("leave with their environment, which does not wait for them", async () => {
    const trainer = trainerOf("two", "two-key");
    const live = { trace: "trace_j", call: "a", command: "echo ran" };
    expect(await trainer.callPatiently(live)).toMatchObject({ status: 200 });
    await world.kubectl(["delete", "renv", "two", "--timeout=60s"]);
    // A gateway that was asked just before takes it for served for a second more, whatever the others know by then.
    for (const gateway of trainer.bases.map((base) => trainer.at(base)))
      for (const trace of ["trace_i", "trace_j"])
        await expect.poll(async () => (await gateway.grade(trace)).status, WITHIN).toBe(404);
    expect(await trainer.call({ ...live, call: "b" })).toMatchObject({ status: 404 });
    expect(world.gaveUp).toEqual([]);
  });
});

function secret(keys: string): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "one" }, stringData: { keys } };
}

function environment(name: string, image = "registry.example/work:1"): object {
  return {
    apiVersion: "rollyard.dev/v1alpha1",
    kind: "Environment",
    metadata: { name },
    spec: {
      sandbox: { image },
      tools: [{ preset: "shell" }],
      grader: {
        type: "string_check",
        name: "exact",
        operation: "eq",
        input: "{{ sample.output_text }}",
        reference: "{{ item.answer }}",
      },
      serve: {
        enabled: true,
        authSecret: { name: name === ONE ? "one" : name, key: "keys" },
        // Long enough for a change of leaders.
        ...(name === "two" ? { idleSeconds: 25 } : {}),
      },
    },
  };
}
