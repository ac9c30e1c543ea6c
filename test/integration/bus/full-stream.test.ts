import { expect, it, onTestFinished } from "vitest";
import { connectJetStream } from "../../../src/bus/jetstream/connect.ts";
import { LOCAL_MAX_BYTES, LOCAL_SIZING } from "../../../src/bus/stream-settings.ts";
import { leaseSubject } from "../../../src/bus/subjects.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import { noteLogger } from "../../support/lib/note-logger.ts";

it("a stream that is full is told in the log once, and once more when it has room again", async () => {
  const fixture = await startNatsFixture();
  onTestFinished(() => fixture.stop());
  const { logger, notes } = noteLogger();
  const bus = await connectJetStream({
    servers: fixture.servers.map(({ address }) => address),
    ...fixture.servers[0]?.login("controller"),
    name: "full",
    logger,
    sizing: { ...LOCAL_SIZING, maxBytes: { ...LOCAL_MAX_BYTES, leases: 256 * 1024 } },
  });
  onTestFinished(() => bus.close());
  await bus.ensureStreams();
  const publish = async (uid: number): Promise<string> => {
    const subject = leaseSubject(`sandbox${uid}`);
    const payload = new Uint8Array(64 * 1024);
    return (await bus.publish({ subject, payload, expectedLastSequence: 0 })).kind;
  };
  const kinds: string[] = [];
  for (let uid = 0; uid < 6; uid += 1) kinds.push(await publish(uid));
  expect(kinds.slice(-2)).toEqual(["full", "full"]);
  await bus.purge("leases", "rollyard.leases.>");
  expect(await publish(9)).toBe("stored");
  const told = notes.map(([level, , fields]) => [level, fields?.["stream"]]);
  expect(told).toEqual([
    ["warn", "leases"],
    ["info", "leases"],
  ]);
});
