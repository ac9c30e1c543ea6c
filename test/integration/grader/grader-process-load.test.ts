import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bus } from "../../../src/bus/port.ts";
import { OutcomeSchema, SettleRequestSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { EXACT } from "../../support/grader/flow-world.ts";
import { startHeldEndpoint } from "../../support/grader/held-endpoint.ts";
import type { HeldEndpoint } from "../../support/grader/held-endpoint.ts";
import { startLiveBus } from "../../support/grader/live-services.ts";
import type { LiveBus } from "../../support/grader/live-services.ts";
import { stopRollout } from "../../support/grader/stop-rollout.ts";
import { settleSubjectOf } from "../../support/grader/stopped-rollout.ts";
import { storeEnvironment } from "../../support/grader/stored-environment.ts";
import { endServices, startService, telemetryOf } from "../../support/run/service-process.ts";
import type { ServiceProcess } from "../../support/run/service-process.ts";

const WAIT = { timeout: 30_000 };
/** Long enough for a suspect's pause, so that nothing comes again that a living process holds. */
const ACK_WAIT_MS = 3000;

describe("grader processes with more than they can grade at once", () => {
  let live: LiveBus;
  let controller: Bus;
  let worker: Bus;
  let folder: string;
  let endpoint: HeldEndpoint;
  let slow: string;
  /** What is done with each item that the endpoint gets. */
  let onItem: (item: JsonObject) => void;
  const started: ServiceProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "grader-load-"));
    live = await startLiveBus(ACK_WAIT_MS);
    controller = await live.connect("controller");
    worker = await live.connect("worker");
    onItem = () => undefined;
    endpoint = await startHeldEndpoint((item) => onItem(item));
    slow = await storeEnvironment(controller, { type: "endpoint", name: "slow", url: endpoint.url });
  });

  afterEach(async () => {
    await endServices(started);
    await Promise.all([endpoint.close(), live.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function startGrader(fields: string): Promise<ServiceProcess> {
    const grader = await startService("grader", {
      folder,
      config: `nats: {servers: ["${live.address}"]}\nmetrics: {host: 127.0.0.1, port: 0}\nconcurrency: 2\n${fields}\n`,
      natsPassword: live.password("grader"),
    });
    started.push(grader);
    return grader;
  }

  /** Rewards by sample index. */
  async function rewards(): Promise<Readonly<Record<string, number | undefined>>> {
    const subjects = await controller.subjects("outcomes", "rollyard.outcomes.>");
    const outcomes = await Promise.all(
      [...subjects.keys()].map(async (subject) => (await controller.readLast("outcomes", subject))?.payload),
    );
    const decoded = outcomes.map((payload) => fromBinary(OutcomeSchema, payload ?? new Uint8Array()));
    return Object.fromEntries(decoded.map(({ ref, reward }) => [ref?.sampleIndex, reward]));
  }

  const gradeWork = async (): Promise<number> =>
    (await controller.subjects("work", "rollyard.work.grade.>")).size;

  const setAside = (): ReturnType<Bus["readLast"]> =>
    controller.readLast("work", settleSubjectOf(0), { fromLeader: true });

  /** Nobody settles here, so that its request is asked for again as long as the process lives. */
  async function untilSetAside(others: Readonly<Record<string, number>>): Promise<boolean> {
    await expect.poll(setAside, { timeout: 60_000 }).not.toBeNull();
    await expect.poll(rewards, { timeout: 60_000 }).toEqual(others);
    return true;
  }

  it("keep a grader within the limits of its configuration, and grade others meanwhile", async () => {
    const exact = await storeEnvironment(controller, EXACT);
    for (const sampleIndex of [1, 2, 3]) await stopRollout(worker, { specHash: slow, sampleIndex });
    await stopRollout(worker, { specHash: exact, sampleIndex: 4 });
    const grader = await startGrader("namedGraders: {team/env/slow: {concurrency: 1}}");
    await expect.poll(rewards, WAIT).toEqual({ 4: 1 });
    const url = await telemetryOf(grader);
    const metrics = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    await expect.poll(metrics, WAIT).toMatch(/rollyard_gradings\{state="waiting"\} 2/);
    for (let left = 3; left > 0; left -= 1) {
      await expect.poll(() => endpoint.open.length, WAIT).toBe(1);
      endpoint.open[0]?.();
    }
    await expect.poll(rewards, WAIT).toEqual({ 1: 1, 2: 1, 3: 1, 4: 1 });
    expect(endpoint.most).toBe(1);
  });

  it("end what runs when they are told to stop, give back what waits, and leave nothing ungraded", async () => {
    for (const sampleIndex of [1, 2, 3]) await stopRollout(worker, { specHash: slow, sampleIndex });
    const grader = await startGrader("graders: {endpoint: {concurrency: 1}}");
    await expect.poll(() => endpoint.open.length, WAIT).toBe(1);
    grader.child.kill("SIGTERM");
    await expect.poll(() => grader.output.stdout, WAIT).toContain("grader drains");
    endpoint.open[0]?.();
    expect(await grader.exited).toBe(0);
    expect(Object.keys(await rewards())).toHaveLength(1);
    onItem = () => endpoint.open.at(-1)?.();
    await startGrader("");
    await expect.poll(rewards, WAIT).toEqual({ 1: 1, 2: 1, 3: 1 });
    await expect.poll(gradeWork, WAIT).toBe(0);
  });

  it("give back what does not end in the time that they have, and the next one grades it", async () => {
    await stopRollout(worker, { specHash: slow, sampleIndex: 1 });
    const grader = await startGrader("drainSeconds: 0");
    await expect.poll(() => endpoint.open.length, WAIT).toBe(1);
    grader.child.kill("SIGTERM");
    expect(await grader.exited).toBe(0);
    expect(await rewards()).toEqual({});
    expect(await gradeWork()).toBe(1);
    onItem = () => endpoint.open.at(-1)?.();
    await startGrader("");
    await expect.poll(rewards, WAIT).toEqual({ 1: 1 });
  });

  it("set aside a rollout that kills them each time, with the reason, and grade the others", async () => {
    await stopRollout(worker, { specHash: slow, sampleIndex: 1, item: { poison: true } });
    // It has been in other processes before.
    for (let before = 1; before <= 17; before += 1) {
      const onDelivery: Parameters<Bus["pull"]>[0]["onDelivery"] = (delivery) => void delivery.nak();
      await controller.pull({ kind: "grade", max: 1, expiresMs: 10_000, onDelivery });
    }
    for (const sampleIndex of [2, 3, 4]) await stopRollout(worker, { specHash: slow, sampleIndex });
    let deaths = 0;
    onItem = (item) => {
      if (item["poison"] === true) started.at(-1)?.child.kill("SIGKILL");
      else endpoint.open.at(-1)?.();
    };
    for (let isOver = false; !isOver;) {
      const grader = await startGrader("");
      isOver = await Promise.race([untilSetAside({ 2: 1, 3: 1, 4: 1 }), grader.exited.then(() => false)]);
      if (!isOver) deaths += 1;
      expect(deaths).toBeLessThanOrEqual(3);
    }
    expect(deaths).toBeGreaterThan(0);
    const request = fromBinary(SettleRequestSchema, (await setAside())?.payload ?? new Uint8Array());
    expect(request).toMatchObject({ failureClass: "grader", code: "grader_failed", sender: "grader" });
    expect(Number(request.evidence["deliveries"])).toBeGreaterThan(20);
  }, 120_000);
});
