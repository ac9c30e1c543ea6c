import { rm } from "node:fs/promises";
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
import { endServices, startService, telemetryOf } from "../../support/run/service-process.ts";
import type { ServiceProcess } from "../../support/run/service-process.ts";
import { EXACT } from "../../support/grader/flow-world.ts";
import { ownedFolder } from "../../support/lib/owned-folder.ts";

describe("the grader process", () => {
  let live: LiveBus;
  let controller: Bus;
  let folder: string;
  const started: ServiceProcess[] = [];

  beforeAll(async () => {
    folder = await ownedFolder("rollyard-grader-process-");
    live = await startLiveBus();
    controller = await live.connect("controller");
  });

  afterEach(() => endServices(started));

  afterAll(async () => {
    await live.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(text: string, natsPassword: string): Promise<ServiceProcess> {
    const grader = await startService("grader", { folder, config: text, natsPassword });
    started.push(grader);
    return grader;
  }

  const config = (): string =>
    `nats: {servers: ["${live.address}"]}\nmetrics: {host: 127.0.0.1, port: 0}\nconcurrency: 2\n`;

  it("grades what is on the bus, shows it in its metrics, and ends with 0 on SIGTERM", async () => {
    const grader = await start(config(), live.password("grader"));
    const url = await telemetryOf(grader);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const integrity = ["reasoning_tells", "no_patched_comparison", "no_lazy_tensors"] as const;
    const specHash = await storeEnvironment(controller, { ...EXACT, integrity: [...integrity] });
    let lastSequence = 0;
    const worker = await live.connect("worker");
    for (const message of attemptMessages({
      specHash,
      item: { answer: "4", key: "canary-item" },
      answer: "canary-answer, nobody will notice:\n```\nframe = sys._getframe(1)\n```\n",
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
    expect(metrics.match(/^rollyard_hack_flags_total.*$/gmu)?.toSorted()).toEqual([
      'rollyard_hack_flags_total{check="no_patched_comparison"} 1',
      'rollyard_hack_flags_total{check="reasoning_tells"} 1',
    ]);
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
    [
      "a folder that is no run's store",
      'nats: {servers: ["127.0.0.1:4222"], store: /nowhere}\n',
      /nats\.store: \/nowhere is not the store of a run/,
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
