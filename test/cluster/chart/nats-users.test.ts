import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { LOCAL_SIZING } from "../../../src/bus/stream-settings.ts";
import { STREAMS } from "../../../src/bus/streams.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { describePermissions } from "../../support/bus/permissions-contract.ts";
import type { UsersFixture } from "../../support/bus/permissions-contract.ts";
import { natsPermissionsOf, startChartNats } from "../../support/chart/chart-nats.ts";
import { parseObjects } from "../../support/chart/chart-objects.ts";
import { CHART, helmOk, testHelm } from "../../support/chart/test-helm.ts";

const found = await testHelm();

const PATIENCE = { timeout: 60_000 };

/** Nothing that a shell, YAML or the server's configuration would leave alone. */
const AWKWARD = { controller: `1e3 "$A"\\n{}`, worker: "#w;", grader: "007", gateway: "true" };

/** The chart's servers, and how each says that it keeps what it is given. */
interface ChartFixture extends UsersFixture {
  readonly keeping: () => Promise<readonly JetStreamState[]>;
}

/** What a server's own monitoring says of its JetStream, as far as it is looked at. */
interface JetStreamState {
  readonly config: { readonly sync_interval: number; readonly sync_always?: boolean };
  readonly account_details: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly config: { readonly num_replicas: number };
      readonly cluster: { readonly replicas?: readonly object[] };
      readonly consumer_detail?: readonly { readonly config: { readonly num_replicas: number } }[];
    }[];
  }[];
}

async function startFrom(
  values: readonly string[],
  passwords?: Readonly<Record<string, string>>,
): Promise<ChartFixture> {
  const folder = await mkdtemp(join(tmpdir(), "rollyard-chart-nats-"));
  const args = ["template", "rollyard", CHART, "-n", "rollyard-system", ...values];
  const objects = parseObjects(await helmOk(found, args));
  const options = { objects, fullname: "rollyard", folder };
  const nats = await startChartNats(passwords === undefined ? options : { ...options, passwords });
  const replicas = nats.ports.length === 3 ? 3 : 1;
  const addresses = nats.ports.map((port) => `127.0.0.1:${port}`);
  return {
    permissions: natsPermissionsOf(objects, "rollyard"),
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
    keeping: () =>
      Promise.all(
        nats.monitors.map(async (port) => {
          const query = "accounts=true&streams=true&consumers=true&config=true";
          const answer = await fetch(`http://127.0.0.1:${port}/jsz?${query}`);
          return (await answer.json()) as JetStreamState;
        }),
      ),
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

  it("lets one server write to its disk each second", async () => {
    const fixture = await startFrom(["-f", join(CHART, "ci", "defaults.yaml")]);
    const [one, ...others] = await fixture.keeping();
    expect({ config: one?.config, others }).toMatchObject({
      config: { sync_interval: 1_000_000_000 },
      others: [],
    });
    expect(one?.config.sync_always ?? false).toBe(false);
    await fixture.stop();
  });

  it("takes passwords as they are, keeps three copies of every stream on three servers, and confirms what is on disks", async () => {
    const fixture = await startFrom(["-f", join(CHART, "ci", "three-nats.yaml")], AWKWARD);
    const controller = await fixture.connect("controller");
    await controller.ensureStreams();
    for (const user of ["worker", "grader", "gateway"] as const)
      await (await fixture.connect(user, user)).close();
    const due = Object.values(STREAMS)
      .toSorted()
      .map((stream) => ({
        stream,
        copies: 3,
        others: 2,
        consumers: stream === STREAMS.work ? [3, 3, 3] : [],
      }));
    await expect.poll(async () => (await fixture.keeping()).map(copiesOn), PATIENCE).toEqual([due, due, due]);
    const servers = await fixture.keeping();
    expect(servers.map(({ config }) => config.sync_always)).toEqual([true, true, true]);
    await controller.close();
    await fixture.stop();
  });
});

/** Each stream of a server, with how many copies it is to have, how many others have it, and the copies of its consumers. */
function copiesOn({ account_details }: JetStreamState): readonly object[] {
  return account_details
    .flatMap(({ stream_detail = [] }) => stream_detail)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, config, cluster, consumer_detail = [] }) => ({
      stream: name,
      copies: config.num_replicas,
      others: cluster.replicas?.length ?? 0,
      consumers: consumer_detail.map((consumer) => consumer.config.num_replicas),
    }));
}
