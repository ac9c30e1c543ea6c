import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { syncStore } from "../../../src/bus/nats-server-store.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";

// That a power cut takes no stream is shown by `npm run chaos -- power-cut`, on disks of their own.

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
