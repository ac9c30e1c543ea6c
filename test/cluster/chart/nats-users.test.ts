import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { LOCAL_SIZING, STREAM_NAMES } from "../../../src/bus/stream-settings.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { RawBus } from "../../chaos/world/raw-bus.ts";
import { describePermissions } from "../../support/bus/permissions-contract.ts";
import type { UsersFixture } from "../../support/bus/permissions-contract.ts";
import { parseObjects } from "../../support/chart/chart-objects.ts";
import { startChartNats } from "../../support/chart/chart-nats.ts";
import { CHART, helmOk, testHelm } from "../../support/chart/test-helm.ts";

const found = await testHelm();

/** Nothing that a shell, YAML or the server's configuration would leave alone. */
const AWKWARD = { controller: `1e3 "$A"\\n{}`, worker: "#w;", grader: "007", gateway: "true" };

async function startFrom(
  values: readonly string[],
  passwords?: Readonly<Record<string, string>>,
): Promise<UsersFixture> {
  const folder = await mkdtemp(join(tmpdir(), "rollyard-chart-nats-"));
  const args = ["template", "rollyard", CHART, "-n", "rollyard-system", ...values];
  const objects = parseObjects(await helmOk(found, args));
  const options = { objects, fullname: "rollyard", folder };
  const nats = await startChartNats(passwords === undefined ? options : { ...options, passwords });
  const replicas = nats.ports.length === 3 ? 3 : 1;
  const addresses = nats.ports.map((port) => `127.0.0.1:${port}`);
  return {
    servers: addresses.map((address) => ({
      address,
      login: (user) => ({ user, password: nats.passwords[user] }),
    })),
    connect: (name, user = "controller", sizing = {}) =>
      connectJetStream({
        servers: addresses,
        user,
        password: nats.passwords[user],
        name,
        logger: silentLogger,
        requestTimeoutMs: 30_000,
        sizing: { ...LOCAL_SIZING, replicas, ...sizing },
      }),
    stop: async () => {
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe.skipIf(found.kind === "missing")("the chart's NATS", () => {
  describePermissions({
    title: "with passwords that the chart made",
    start: () => startFrom(["-f", join(CHART, "ci", "defaults.yaml")]),
  });

  it("has its streams found by each new leader, though most of the store is reserved", async () => {
    const fixture = await startFrom(["-f", join(CHART, "ci", "defaults.yaml")]);
    for (const leader of ["first", "second"]) {
      const controller = await fixture.connect(leader);
      await expect(controller.ensureStreams()).resolves.toBeUndefined();
      await controller.close();
    }
    await fixture.stop();
  });

  it("takes passwords as they are, and keeps three copies of every stream on three servers", async () => {
    const fixture = await startFrom(["-f", join(CHART, "ci", "three-nats.yaml")], AWKWARD);
    const controller = await fixture.connect("controller");
    await controller.ensureStreams();
    for (const user of ["worker", "grader", "gateway"] as const)
      await (await fixture.connect(user, user)).close();
    const ports = fixture.servers.map(({ address }) => Number(address.split(":")[1]));
    const raw = await RawBus.connect(ports, AWKWARD.controller);
    const copies = await Promise.all(STREAM_NAMES.map((stream) => raw.state(stream)));
    expect(copies.map((state) => state?.replicas)).toEqual(STREAM_NAMES.map(() => 3));
    await raw.close();
    await controller.close();
    await fixture.stop();
  });
});
