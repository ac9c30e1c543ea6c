import { stat } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { gatherFacts } from "../../../services/cli/doctor/gather-facts.ts";
import { diagnose } from "../../../src/job/diagnose.ts";
import type { MockScript } from "../../support/model/mock-reply.ts";
import { startCli } from "../../support/run/run-cli.ts";
import type { CliEnd } from "../../support/run/run-cli.ts";
import { byItem, refusal, runWorld, shellThen } from "../../support/run/run-world.ts";
import type { SmallJob } from "../../support/run/small-job.ts";
import { steadyJob, untilSomeAreRecorded } from "../../support/run/steady-job.ts";

const world = runWorld();

interface Told {
  readonly healthy: boolean;
  readonly findings: readonly {
    readonly code: string;
    readonly text: string;
    readonly action: string | null;
  }[];
  readonly state: {
    readonly kind: string;
    readonly live?: {
      readonly status: { readonly rollouts: Readonly<Record<string, number>> };
      readonly conditions: readonly {
        readonly type: string;
        readonly status: string;
        readonly reason: string;
      }[];
    };
  };
}

function doctor(job: SmallJob, ...flags: readonly string[]): Promise<CliEnd> {
  return startCli(["doctor", job.out, ...flags]).ended;
}

async function told(job: SmallJob): Promise<Told> {
  return JSON.parse((await doctor(job, "--json")).stdout) as Told;
}

function backpressureOf({ state }: Told): string | undefined {
  const found = state.live?.conditions.find(
    ({ type, status }) => type === "Backpressure" && status === "True",
  );
  return found?.reason;
}

describe("rollyard doctor", () => {
  it("asks a run that is under way, and finds nothing to do where all is well", async () => {
    const model = await world.model(byItem([shellThen("cat a.txt"), () => ({ kind: "hang" })]));
    const job = await world.job({ baseURL: model.baseURL, items: 2, parallelism: 2 });
    const running = job.start();
    await untilSomeAreRecorded(job);
    const statusFile = path.join(job.runFolder, ".rollyard", "status.json");
    expect((await stat(statusFile)).mode & 0o777).toBe(0o600);
    const { code, stdout } = await doctor(job);
    expect(stdout).toMatch(/^· small is running: 2 of 4 rollouts graded, 0 failed, 2 active/u);
    expect(stdout).not.toMatch(/^!/mu);
    expect(code).toBe(0);
    const deliveries = await doctor(job, "--deliveries", "1");
    expect(deliveries).toMatchObject({ code: 0, stdout: expect.stringContaining("No message of small") });
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
    await expect(stat(statusFile)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("names the endpoint that throttles, and the condition that says so", async () => {
    let asked = 0;
    const throttling: MockScript = (request) => {
      asked += 1;
      const { status, body } = { status: 429, body: "{}" };
      return asked <= 2
        ? shellThen("cat a.txt")(request)
        : { kind: "status", status, body, headers: { "retry-after": "60" } };
    };
    const model = await world.model(throttling);
    const job = await world.job({ baseURL: model.baseURL });
    const running = job.start();
    await running.says(/waiting: model throttled/u);
    const found = await told(job);
    expect(found.healthy).toBe(false);
    const finding = found.findings.find(({ code }) => code === "model_throttled");
    expect(finding?.text).toContain(`${new URL(model.baseURL).origin} answers 429`);
    expect(finding?.action).toContain("spec.parallelism");
    expect(backpressureOf(found)).toBe("ModelThrottled");
    expect(found.state.live?.status.rollouts).toMatchObject({ total: 6, graded: 0, failed: 0 });
    expect((await doctor(job)).code).toBe(1);
    running.kill("SIGINT");
    const end = await running.ended;
    expect(end.code).toBe(130);
    // Closing the bus at the end is no outage.
    expect(end.stderr).not.toContain("waiting: message bus");
    expect(await doctor(job)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Resume it: rollyard run -f"),
    });
  });

  it("says why no sandbox starts", async () => {
    const model = await world.model(shellThen("cat a.txt"));
    const endless = "  retry: {maxAttempts: 1000, budgetPercent: 100000}";
    const job = await world.job({ baseURL: model.baseURL, job: endless });
    await job.edit((text) => text.replace("sandbox: {", 'sandbox: {setup: [["false"]], '));
    const running = job.start();
    await running.says(/waiting: sandboxes do not start/u);
    const found = await told(job);
    const finding = found.findings.find(({ code }) => code === "starts_failing");
    expect(finding?.text).toContain(
      "sandbox_setup_failed: A setup command of the sandbox failed. (exit_code 1)",
    );
    expect(finding?.action).toContain("spec.sandbox");
    expect(backpressureOf(found)).toBe("Unschedulable");
    expect(found.findings.map(({ code }) => code)).toContain("failures");
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
  });

  it("names the process that has a run and does not answer", async () => {
    const model = await world.model(() => ({ kind: "hang" }));
    const job = await world.job({ baseURL: model.baseURL });
    const running = job.start();
    await running.says(/metrics at/u);
    running.kill("SIGSTOP");
    const asked = { cwd: "/", command: "rollyard", mostDeliveries: 3, patienceMs: 500 };
    const [found] = diagnose((await gatherFacts(job.out, asked)).facts);
    expect(found?.isProblem).toBe(true);
    expect(found?.text).toContain(`held by process ${running.pid}, which does not answer`);
    running.kill("SIGCONT");
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ code: 130 });
  });

  it("tells a run that was killed from one that goes on, and how to go on with it", async () => {
    const job = await steadyJob(world);
    const running = job.start(["--parallelism", "3"]);
    await untilSomeAreRecorded(job);
    running.kill("SIGKILL");
    await running.ended;
    const { code, stdout } = await doctor(job);
    expect(code).toBe(1);
    expect(stdout).toContain("has not ended, and no process has it");
    expect(stdout).toContain(`→ Resume it: rollyard run -f ${job.file} --out ${job.out} --parallelism 3\n`);
    expect(await job.run()).toMatchObject({ code: 0 });
    expect((await doctor(job)).code).toBe(0);
  });

  it("leads from an ended run's failures to the field and to a retry, and is content once that has mended them", async () => {
    let isMended = false;
    const good = shellThen("cat a.txt");
    const brittle: MockScript = (request) => (isMended ? good(request) : refusal(404, "model_not_found"));
    const model = await world.model(byItem([good, brittle]));
    const job = await world.job({ baseURL: model.baseURL, items: 2 });
    expect(await job.run()).toMatchObject({ code: 1 });
    const { code, stdout } = await doctor(job);
    expect(code).toBe(1);
    expect(stdout).toContain(`mend the cause, then rollyard retry ${job.runFolder}`);
    expect(stdout).toContain("2 of the last failed attempts: config/model_not_found");
    expect(stdout).toContain("→ Check spec.model.name.");
    isMended = true;
    expect(await startCli(["retry", job.out], { TMPDIR: job.temporary }).ended).toMatchObject({ code: 0 });
    // The folder around both tells of the newest; the run folder means its own job, of which nothing is left to mend.
    expect(await doctor(job)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("small-retry-1 has ended"),
    });
    const alone = await startCli(["doctor", job.runFolder]).ended;
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(/^· small has ended/u) });
  });
});
