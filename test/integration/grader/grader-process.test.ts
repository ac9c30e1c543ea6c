import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { HEADERS } from "../../../src/bus/port.ts";
import type { Bus } from "../../../src/bus/port.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import { startLiveBus } from "../../support/grader/live-services.ts";
import type { LiveBus } from "../../support/grader/live-services.ts";
import { storeEnvironment } from "../../support/grader/stored-environment.ts";
import {
  OUTCOMES,
  PARTS,
  attemptMessages,
  gradeRequestPayload,
} from "../../support/grader/stopped-rollout.ts";
import { EXACT } from "../../support/grader/flow-world.ts";

const MAIN = fileURLToPath(new URL("../../../services/grader/main.ts", import.meta.url));

/** A grader process, its output so far, and its end. */
interface GraderProcess {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly exited: Promise<number | null>;
}

describe("the grader process", () => {
  let live: LiveBus;
  let controller: Bus;
  let folder: string;
  const started: GraderProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "grader-process-"));
    live = await startLiveBus();
    controller = await live.connect("controller");
  });

  afterEach(async () => {
    for (const { child, exited } of started.splice(0)) {
      child.kill("SIGKILL");
      await exited;
    }
  });

  afterAll(async () => {
    await live.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(config: string, password: string): Promise<GraderProcess> {
    const file = join(folder, "grader.yaml");
    await writeFile(file, config);
    const child = spawn(process.execPath, [MAIN, "--config", file], {
      env: { PATH: "/usr/bin:/bin", NATS_PASSWORD: password },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => (output.stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (output.stderr += String(chunk)));
    const exited = new Promise<number | null>((resolve) => child.on("close", resolve));
    const grader = { child, output, exited };
    started.push(grader);
    return grader;
  }

  const config = (): string =>
    `nats: {servers: ["${live.address}"]}\nmetrics: {host: 127.0.0.1, port: 0}\nconcurrency: 2\n`;

  async function telemetryOf({ output }: GraderProcess): Promise<string> {
    const port = (): string => /"metrics_port":(\d+)/.exec(output.stdout)?.[1] ?? "";
    await expect.poll(port, { timeout: 20_000 }).not.toBe("");
    return `http://127.0.0.1:${port()}`;
  }

  it("grades what is on the bus, shows it in its metrics, and ends with 0 on SIGTERM", async () => {
    const grader = await start(config(), live.password("grader"));
    const url = await telemetryOf(grader);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const specHash = await storeEnvironment(controller, EXACT);
    let lastSequence = 0;
    const worker = await live.connect("worker");
    for (const message of attemptMessages({
      specHash,
      item: { answer: "4", key: "canary-item" },
      answer: "canary-answer",
    })) {
      const result = await worker.publish(message);
      if (result.kind === "stored") lastSequence = result.sequence;
    }
    const payload = gradeRequestPayload({ attempt: 0, lastSequence, specHash });
    await worker.publish({ subject: workSubject("grade", PARTS, 0), payload });
    await expect.poll(() => controller.read("outcomes", OUTCOMES), { timeout: 20_000 }).toHaveLength(1);
    const [outcome] = await controller.read("outcomes", OUTCOMES);
    expect(outcome?.headers[HEADERS.reward]).toBe("0");
    const read = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    // It counts once it has heard that the outcome is stored: later than the outcome can be read.
    await expect.poll(read).toMatch(/rollyard_reward_count\{environment="env"\} 1/);
    const metrics = await read();
    expect(metrics).toMatch(/rollyard_grader_duration_seconds_count\{grader="string_check"\} 1/);
    grader.child.kill("SIGTERM");
    expect(await grader.exited).toBe(0);
    expect(`${metrics}${grader.output.stdout}${grader.output.stderr}`).not.toMatch(/canary|NATS_PASSWORD/);
    expect(grader.output.stdout).not.toContain(live.password("grader"));
  });

  it.each([
    [
      "an unknown field",
      'nats: {servers: ["127.0.0.1:4222"]}\nworkers: 3\n',
      /grader\.yaml:2 workers: unknown field/,
    ],
    ["a server without a port", 'nats: {servers: ["localhost"]}\n', /nats\.servers\[0\]: must be host:port/],
  ])("ends with 2 and names %s", async (_case, text, message) => {
    const grader = await start(text, "");
    expect(await grader.exited).toBe(2);
    expect(grader.output.stderr).toMatch(message);
  });

  it("ends with 1 and a sentence when the bus refuses its password", async () => {
    const grader = await start(config(), "wrong");
    expect(await grader.exited).toBe(1);
    expect(grader.output.stderr).toBe("rollyard grader: The message bus refuses the user or password.\n");
  });
});
