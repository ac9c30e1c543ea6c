import { expect, it } from "vitest";
import { FakeBus } from "../../test/support/bus/fake-bus.ts";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import type { LogStore, StoredMessage } from "../bus/port.ts";
import { readRolloutFromLeader } from "./read-rollout.ts";

const PARTS = { namespace: "ns", jobUid: "0123456789ab", itemIndex: 0, sampleIndex: 0 };
const SOME: StoredMessage = {
  subject: "s",
  sequence: 3,
  headers: {},
  payload: new Uint8Array(),
  storedAtMs: 0,
};

/** A log of which a replica shows nothing, while the leader's last messages are as given; the last of these repeats. */
function logBehind(clock: VirtualClock, leaderHas: (StoredMessage | null)[]): LogStore {
  const empty = new FakeBus({ replicas: 1, clock }).connect("reader");
  return {
    publish: (message) => empty.publish(message),
    read: async () => [],
    readLast: async () => (leaderHas.length > 1 ? leaderHas.shift() : leaderHas[0]) ?? null,
  };
}

it("reads a log that is purged meanwhile as empty, instead of waiting for what is gone", async () => {
  const clock = new VirtualClock();
  const bus = logBehind(clock, [SOME, null]);
  const { signal } = new AbortController();
  const state = await clock.run(readRolloutFromLeader({ bus, clock, signal }, PARTS), 1000);
  expect(state).toMatchObject({ attempts: [], lastSequence: 0 });
});

it("gives up waiting for a replica once its signal aborts", async () => {
  const clock = new VirtualClock();
  const bus = logBehind(clock, [SOME]);
  const stop = new AbortController();
  void clock.sleep(500).then(() => stop.abort());
  const reading = readRolloutFromLeader({ bus, clock, signal: stop.signal }, PARTS);
  await expect(clock.run(reading, 1000)).rejects.toMatchObject({ name: "AbortError" });
});
