import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { startNatsServer } from "../../../src/bus/nats-server-process.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import { inTrialFolder } from "../../chaos/with-disks.ts";
import { SmallDisk, whyNoSmallDisks } from "../../chaos/world/small-disk.ts";
import { describeSilence, SOON } from "../../support/bus/contract-silence.ts";
import type { BusWithDisk } from "../../support/bus/contract-silence.ts";
import { FakeBus } from "../../support/bus/fake-bus.ts";
import { killAndAwait, testNatsServer } from "../../support/bus/nats-fixture.ts";

const DISK_BYTES = 32 * 1024 * 1024;
const OUTAGE_MS = 50;

function fake(replicas: 1 | 3): () => Promise<BusWithDisk> {
  return async () => {
    const servers = new FakeBus({ replicas, ...SOON });
    return {
      connect: async () => servers.connect("client"),
      fillDisk: async () => servers.fillDisk(),
      freeDisk: async () => servers.freeDisk(),
      restart: async () => {
        servers.down();
        await servers.clock.sleep(OUTAGE_MS);
        servers.up();
      },
      stop: async () => servers.stop(),
    };
  };
}

async function real(): Promise<BusWithDisk> {
  const folder = await mkdtemp(join(tmpdir(), "rollyard-silent-"));
  const disk = await SmallDisk.mount(join(folder, "disk"), DISK_BYTES);
  const binary = await testNatsServer();
  const server = await startNatsServer({ binary, folder: join(disk.path, "nats"), logger: silentLogger });
  const { address } = server;
  const options = { servers: [address], name: "silence", logger: silentLogger, ...SOON };
  return {
    connect: () => connectJetStream({ ...options, ...server.login("controller") }),
    fillDisk: () => disk.fill(),
    freeDisk: () => disk.free(),
    restart: () => killAndAwait(server),
    stop: async () => {
      await server.stop();
      await disk.remove();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describeSilence("in memory, one server", fake(1));
describeSilence("in memory, three servers", fake(3));

const missing = await inTrialFolder(whyNoSmallDisks);
describe.skipIf(missing !== null)(`on a small disk${missing === null ? "" : `: ${missing}`}`, () => {
  describeSilence("one nats-server", real);
});
