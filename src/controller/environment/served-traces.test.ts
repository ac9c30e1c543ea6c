import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeBus } from "../../../test/support/bus/fake-bus.ts";
import { PLAIN_ENVIRONMENT } from "../../../test/support/controller/jobs-world.ts";
import type { Bus } from "../../bus/port.ts";
import { eventsSubject, traceOwner } from "../../bus/subjects.ts";
import { environmentSpecSchema } from "../../environment/environment.ts";
import { systemClock } from "../../lib/clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { randomIds } from "../../rollout/ids.ts";
import { noMetrics } from "../../telemetry/metrics-port.ts";
import { findLastServed, findServed } from "../../trace/served-record.ts";
import type { ReadyEnvironment } from "./ready-environment.ts";
import { ServedSnapshots } from "./served-snapshots.ts";
import { ServedTraces } from "./served-traces.ts";

const PLACE = { namespace: "team", name: "plain" };
const UID = "eeeeeeeeeeee";
const TRACE = { namespace: "team", jobUid: traceOwner(UID), itemIndex: 1, sampleIndex: 2 };

describe("the serving of an Environment", () => {
  let bus: Bus;

  beforeEach(async () => {
    bus = new FakeBus({ replicas: 1 }).connect("controller");
    await bus.ensureStreams();
  });

  afterEach(() => bus.close());

  /** As a controller that begins to lead has it. */
  const newTraces = (): ServedTraces => {
    const deps = { bus, clock: systemClock, ids: randomIds, logger: silentLogger, metrics: noMetrics };
    const snapshots = new ServedSnapshots();
    const assetsOf = () => Promise.resolve(new Map<never, never>());
    return new ServedTraces(
      { ...deps, snapshots, assetsOf, release: () => undefined },
      environment({ enabled: true }),
    );
  };
  const updated = async (traces: ServedTraces, changed: ReadyEnvironment): Promise<void> => {
    traces.update(changed, false);
    await traces.known();
  };
  const recordsLeft = async (): Promise<number> => (await bus.subjects("events", "rollyard.traces.>")).size;

  it("leaves its traces' records readable when it ends, whoever leads then, until the Environment goes", async () => {
    const first = newTraces();
    await updated(first, environment({ enabled: true }));
    const served = await findServed(bus, PLACE);
    expect(served).toMatchObject({ ...PLACE, environmentUid: UID });
    await bus.publish({ subject: eventsSubject(TRACE), payload: new Uint8Array([1]) });
    await updated(first, environment({ enabled: false }));
    expect(await findServed(bus, PLACE)).toBeNull();
    expect(await findLastServed(bus, PLACE)).toEqual({ ...served, isServed: false });
    await first.stop(environment({ enabled: false }), true);

    const next = newTraces();
    await updated(next, environment({ enabled: false }));
    expect(next.counts).toMatchObject({ live: 1 });
    expect(await findLastServed(bus, PLACE)).toEqual({ ...served, isServed: false });
    expect(await recordsLeft()).toBe(1);
    await next.stop(environment({ enabled: false }), false);
    expect(await findLastServed(bus, PLACE)).toBeNull();
    expect(await recordsLeft()).toBe(0);
  });

  it("is nothing to a namesake that was made since and is not served", async () => {
    const first = newTraces();
    await updated(first, environment({ enabled: true }));
    await first.stop(environment({ enabled: true }), true);
    const namesake = newTraces();
    await updated(namesake, { ...environment({ enabled: false }), uid: "ffffffffffff" });
    expect(namesake.counts).toBeNull();
    expect(await findLastServed(bus, PLACE)).toBeNull();
    await namesake.stop(environment({ enabled: false }), true);
  });
});

function environment({ enabled }: { readonly enabled: boolean }): ReadyEnvironment {
  const spec = environmentSpecSchema.parse({
    ...PLAIN_ENVIRONMENT,
    sandbox: { image: "registry.example/none:1" },
    serve: { enabled, authSecret: { name: "keys", key: "keys" } },
  });
  const objectUid = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee";
  return { ...PLACE, uid: UID, objectUid, generation: 1, spec, isTerminating: false };
}
