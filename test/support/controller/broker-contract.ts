import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { StartBroker } from "../../../src/controller/environment/environment-broker.ts";
import type { ReadyEnvironment } from "../../../src/controller/environment/ready-environment.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { PLAIN_ENVIRONMENT } from "./jobs-world.ts";

/** What starts brokers in a test, with nothing that any of them could hand out. */
export interface BrokerStart {
  readonly start: StartBroker;
  close(): Promise<void>;
}

const NOTHING = { ready: 0, starting: 0, leased: 0, replicas: 0, waiting: 0, oldestWaitMs: null, failed: 0 };
const NEVER_FAILED = { state: "closed", consecutiveFailures: 0, lastCode: "", lastReason: "" };
const REF = { jobUid: "0123456789ab", itemIndex: 0, sampleIndex: 0, attempt: 0 };

/** What the reconciler of Environments relies on in every broker. */
export function describeEnvironmentBroker(name: string, open: () => Promise<BrokerStart>): void {
  describe(`a broker of an Environment: ${name}`, () => {
    let world: BrokerStart;

    beforeEach(async () => {
      world = await open();
    });

    afterEach(() => world.close());

    it("counts nothing at first, has no reason to wait, and a breaker that is closed", async () => {
      const broker = await world.start(environment(), false);
      expect(broker.snapshot()).toEqual({ ...NOTHING, breaker: NEVER_FAILED, pressure: null });
      await broker.stop({ handOver: true });
    });

    it("takes a changed spec, and one that makes no more ahead of need, as often as it is told", async () => {
      const broker = await world.start(environment(), true);
      for (const drains of [true, false, true, true]) {
        broker.update(environment({ readySeconds: 10 }), drains);
        expect(broker.snapshot()).toMatchObject(NOTHING);
      }
      await broker.stop({ handOver: true });
    });

    it("takes the end of an attempt that holds nothing, also when it is told twice", async () => {
      const broker = await world.start(environment(), false);
      broker.release(REF);
      broker.release(REF);
      expect(broker.snapshot()).toMatchObject(NOTHING);
      await broker.stop({ handOver: false });
    });

    it.each([true, false])(
      "stops with handOver %s, and another one of the Environment starts",
      async (handOver) => {
        const broker = await world.start(environment(), false);
        await broker.stop({ handOver });
        const next = await world.start(environment(), false);
        expect(next.snapshot()).toMatchObject(NOTHING);
        await next.stop({ handOver });
      },
    );
  });
}

function environment(sandbox: object = {}): ReadyEnvironment {
  const spec = environmentSpecSchema.parse({
    ...PLAIN_ENVIRONMENT,
    sandbox: { image: "registry.example/none:1", ...sandbox },
  });
  return {
    uid: "eeeeeeeeeeee",
    objectUid: "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee",
    namespace: "team",
    name: "plain",
    generation: 1,
    spec,
    isTerminating: false,
  };
}
