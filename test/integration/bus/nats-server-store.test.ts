import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { syncStore } from "../../../src/bus/nats-server-store.ts";
import { StreamSync, syncBefore } from "../../../src/bus/nats-server-sync.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";

// That a power cut takes no stream is shown by `npm run chaos -- power-cut`, on disks of their own.

describe("syncing a stream", () => {
  it("disturbs no server that works on it, and finds the blocks that it begins meanwhile", async () => {
    const fixture = await startNatsFixture();
    onTestFinished(() => fixture.stop());
    const bus = await fixture.connect("sync");
    await bus.ensureStreams();
    const store = new StreamSync(fixture.servers[0]?.folder ?? "");
    const payload = new Uint8Array(1024 * 1024);
    for (let item = 0; item < 30; item += 1) {
      const message = { subject: `rollyard.events.test.000000000000.${item}-0`, payload };
      const [result] = await Promise.all([bus.publish(message), store.sync("events"), store.sync("events")]);
      expect(result).toMatchObject({ kind: "stored" });
    }
    await store.sync("events");
    await bus.close();
  });

  it("says what it can't find", async () => {
    const folder = await mkdtemp(join(tmpdir(), "store-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(new StreamSync(folder).sync("outcomes")).rejects.toMatchObject({
      code: "output_unwritable",
      message: expect.stringContaining(folder),
    });
  });
});

describe("syncing before a message", () => {
  it("has brought to the disk what it stands on, and lets nothing be sent when that fails", async () => {
    const synced: string[] = [];
    const before = syncBefore({ sync: async (stream) => void synced.push(stream) });
    await before("rollyard.events.ns.0123456789ab.0-0");
    expect(synced).toEqual([]);
    await before("rollyard.outcomes.ns.0123456789ab.0-0");
    expect(synced.toSorted()).toEqual(["blobs", "events"]);
    const failing = syncBefore({ sync: () => Promise.reject(new Error("EIO")) });
    await expect(failing("rollyard.outcomes.ns.0123456789ab.0-0")).rejects.toThrow("EIO");
  });
});

describe("syncing a store", () => {
  it("disturbs no server that works on it", async () => {
    const fixture = await startNatsFixture();
    onTestFinished(() => fixture.stop());
    const bus = await fixture.connect("sync");
    await bus.ensureStreams();
    const folder = fixture.servers[0]?.folder ?? "";
    const message = { subject: "rollyard.events.test.000000000000.0-0", payload: new Uint8Array(10) };
    const [result] = await Promise.all([bus.publish(message), syncStore(folder)]);
    expect(result).toMatchObject({ kind: "stored" });
    expect(await bus.publish(message)).toMatchObject({ kind: "stored" });
    await bus.close();
  });

  it("follows no link out of it, and says what folder it can't read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "store-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "1.blk"), "x");
    await symlink("/nowhere", join(folder, "link"));
    await expect(syncStore(folder)).resolves.toBeUndefined();
    await expect(syncStore(join(folder, "none"))).rejects.toThrow(/none/u);
  });
});
