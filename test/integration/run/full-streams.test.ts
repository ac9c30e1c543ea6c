import { expect, it, onTestFinished } from "vitest";
import type { StreamName } from "../../../src/bus/streams.ts";
import { LOCAL_MAX_BYTES } from "../../../src/bus/stream-settings.ts";
import { eventsSubject, workFilter } from "../../../src/bus/subjects.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { startNatsFixture } from "../../support/bus/nats-fixture.ts";
import { planJob } from "../../support/rollout/world-job.ts";

const WAIT = { timeout: 20_000 };

it.each<readonly [StreamName, number, number]>([
  // Two of the items, and the work of one.
  ["blobs", 300_000, 100_000],
  ["work", 4000, 10],
  ["events", 1000, 10],
])("a job goes on once its full stream of %s has room again", async (stream, maxBytes, itemBytes) => {
  const fixture = await startNatsFixture();
  onTestFinished(() => fixture.stop());
  const sized = (bytes: number) => ({ maxBytes: { ...LOCAL_MAX_BYTES, [stream]: bytes } });
  const bus = await fixture.connect("controller", "controller", sized(maxBytes));
  onTestFinished(() => bus.close());
  await bus.ensureStreams();
  const other = { namespace: "ns", jobUid: "ba9876543210", itemIndex: 0, sampleIndex: 0 };
  await bus.publish({ subject: eventsSubject(other), payload: new Uint8Array(850) });
  const items = Array.from({ length: 8 }, (_, index) => ({ index, text: "x".repeat(itemBytes) }));
  const { runner } = planJob({ bus, clock: systemClock }, items, { parallelism: 8 });
  const ended = runner.run();
  await expect.poll(() => runner.fullStreams, WAIT).toEqual([stream]);
  expect((await bus.subjects("work", workFilter("rollout"))).size).toBeLessThan(8);
  const larger = await fixture.connect("larger", "controller", sized(LOCAL_MAX_BYTES[stream]));
  onTestFinished(() => larger.close());
  await larger.ensureStreams();
  await expect.poll(() => runner.ledger.counts.active, WAIT).toBe(8);
  expect((await bus.subjects("work", workFilter("rollout"))).size).toBe(8);
  expect(runner.fullStreams).toEqual([]);
  runner.interrupt("job_interrupted");
  expect(await ended).toMatchObject({ condition: "Suspended" });
});
