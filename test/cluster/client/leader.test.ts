import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { nodeCommand, startProgram } from "../../support/run/run-cli.ts";
import type { RunningCli } from "../../support/run/run-cli.ts";
import { kubectl, kubectlOk } from "../../support/cluster/kubectl.ts";
import { testCluster } from "../../support/cluster/test-cluster.ts";

const NAMESPACE = "leader";
const cluster = testCluster();

describe.skipIf(cluster.isMissing)("leaders as processes", () => {
  const started: RunningCli[] = [];

  beforeAll(async () => {
    await kubectlOk(cluster, ["create", "namespace", NAMESPACE]);
  });

  afterEach(async () => {
    for (const each of started.splice(0)) {
      each.kill("SIGCONT");
      each.kill("SIGKILL");
      await each.ended;
    }
    await kubectl(cluster, ["-n", NAMESPACE, "delete", "lease", "leader"]);
  });

  afterAll(async () => {
    await kubectl(cluster, ["delete", "namespace", NAMESPACE, "--wait=false"]);
  });

  const candidate = (identity: string): RunningCli => {
    const args = [cluster.kubeconfigFile, NAMESPACE, identity];
    const process = startProgram(nodeCommand("test/support/cluster/candidate-main.ts", args));
    started.push(process);
    return process;
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it("hand over at once when the first is told to end", async () => {
    const first = candidate("a");
    await first.says(/leads/);
    const second = candidate("b");
    first.kill("SIGTERM");
    const old = await first.ended;
    expect(old.code).toBe(0);
    await second.says(/now/);
    second.kill("SIGTERM");
    const young = await second.ended;
    expect(reignOf(young.stdout).from).toBeGreaterThanOrEqual(reignOf(old.stdout).to);
    const lease = ["-n", NAMESPACE, "get", "lease", "leader", "-o", "jsonpath={.spec.holderIdentity}"];
    expect(await kubectlOk(cluster, lease)).toBe("");
  });

  it("are replaced when one is killed, once its lease is over", async () => {
    const first = candidate("a");
    await first.says(/leads/);
    const second = candidate("b");
    await pause(3000);
    first.kill("SIGKILL");
    const old = await first.ended;
    await second.says(/now/);
    second.kill("SIGTERM");
    const young = await second.ended;
    expect(reignOf(young.stdout).from).toBeGreaterThan(reignOf(old.stdout).to);
  });

  it("never lead two at a time when one is stopped past its lease and goes on", async () => {
    const first = candidate("a");
    await first.says(/leads/);
    const second = candidate("b");
    await pause(3000);
    first.kill("SIGSTOP");
    await second.says(/now/);
    await pause(1000);
    first.kill("SIGCONT");
    await first.says(/follows/);
    first.kill("SIGTERM");
    second.kill("SIGTERM");
    const [old, young] = await Promise.all([first.ended, second.ended]);
    expect(reignOf(young.stdout).from).toBeGreaterThan(reignOf(old.stdout).to);
  });
});

/** The first and the last time at which a candidate's lease counted for it. */
function reignOf(stdout: string): { readonly from: number; readonly to: number } {
  const times = [...stdout.matchAll(/^now (\d+)$/gm)].map(([, time]) => Number(time));
  expect(times).not.toEqual([]);
  return { from: Math.min(...times), to: Math.max(...times) };
}
