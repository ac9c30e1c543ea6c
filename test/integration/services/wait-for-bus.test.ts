import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ServiceUser } from "../../../src/bus/permissions.ts";
import { Link } from "../../chaos/world/link.ts";
import { startLiveBus } from "../../support/grader/live-services.ts";
import type { LiveBus } from "../../support/grader/live-services.ts";
import { freePort } from "../../support/lib/free-port.ts";
import { endServices, startService, telemetryOf } from "../../support/run/service-process.ts";
import type { ServiceProcess } from "../../support/run/service-process.ts";

/** Nobody answers there: a controller then waits for its turn to lead. */
const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: nobody
clusters: [{name: nobody, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nobody, context: {cluster: nobody, user: nobody}}]
`;

describe("a service whose bus is not there yet", () => {
  let live: LiveBus;
  let folder: string;
  const started: ServiceProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wait-for-bus-"));
    await writeFile(join(folder, "kubeconfig"), KUBECONFIG);
    live = await startLiveBus();
  });

  afterEach(() => endServices(started));

  afterAll(async () => {
    await live.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Starts it with a bus at the port, and waits until it has said that none answers. */
  async function startWaiting(name: Exclude<ServiceUser, "gateway">, busPort: number): Promise<string> {
    const metricsPort = await freePort();
    const own =
      name === "controller"
        ? `kubeconfig: ${join(folder, "kubeconfig")}\nsandboxdImage: registry.example/sandboxd:1\n`
        : "";
    const config = `nats: {servers: ["127.0.0.1:${busPort}"]}\nmetrics: {host: 127.0.0.1, port: ${metricsPort}}\n${own}`;
    const service = await startService(name, { folder, config, natsPassword: live.password(name) });
    started.push(service);
    const told = (): string => service.output.stdout + service.output.stderr;
    await expect.poll(told, { timeout: 20_000 }).toContain("no message bus answers; waiting for one");
    return `http://127.0.0.1:${metricsPort}`;
  }

  it.each(["worker", "grader", "controller"] as const)(
    "waits for it and says so, is not ready, and begins once it answers: %s",
    async (name) => {
      const busPort = await freePort();
      const url = await startWaiting(name, busPort);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      const link = new Link("bus", Number(live.address.split(":")[1]));
      await link.open(busPort);
      for (const service of started) expect(await telemetryOf(service)).toBe(url);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      await endServices(started);
      await link.close();
    },
  );

  it("ends with 0 when it is told to stop while it waits", async () => {
    await startWaiting("worker", await freePort());
    for (const { child, exited } of started) {
      child.kill("SIGTERM");
      expect(await exited).toBe(0);
    }
  });
});
