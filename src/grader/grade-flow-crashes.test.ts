import { describe, expect, it } from "vitest";
import { ENDPOINT, FlowWorld } from "../../test/support/grader/flow-world.ts";
import { NEVER } from "../../test/support/grader/memory-log-store.ts";
import { gradeDeliveryOf, settleSubjectOf, writeAttempt } from "../../test/support/grader/stopped-rollout.ts";
import { gradeDelivery } from "./grade-flow.ts";

describe("a grader process that ends at any operation", () => {
  /** Runs one delivery in a process that ends at its n-th operation; says whether it came to that. */
  async function runUntilDeath(
    world: FlowWorld,
    lastSequence: number,
    { at, how }: { readonly at: number; readonly how: "dies_before" | "dies_after" },
  ): Promise<boolean> {
    const death = Promise.withResolvers<"died">();
    let operations = 0;
    const isLast = (): boolean => {
      operations += 1;
      if (operations === at) death.resolve("died");
      return operations === at;
    };
    const { reply } = world;
    world.store.fault = () => (isLast() ? how : "none");
    world.reply = (call) => (isLast() ? NEVER : reply(call));
    const delivery = gradeDeliveryOf(
      { attempt: 0, lastSequence },
      { onAck: () => (isLast() ? NEVER : undefined) },
    );
    const end = await Promise.race([death.promise, gradeDelivery(delivery, world.deps, world.drain)]);
    world.store.fault = () => "none";
    world.withController();
    world.reply = reply;
    return end === "died";
  }

  it.each<["dies_before" | "dies_after", string, object]>([
    ["dies_before", '{"score": 1}', { outcomes: 1, settled: 0 }],
    ["dies_after", '{"score": 1}', { outcomes: 1, settled: 0 }],
    ["dies_before", "no score", { outcomes: 0, settled: 1 }],
    ["dies_after", "no score", { outcomes: 0, settled: 1 }],
  ])("(%s, %s) leaves a request that the next one ends exactly once", async (how, body, expected) => {
    let deaths = 0;
    for (let at = 1; ; at += 1) {
      const world = new FlowWorld();
      world.spec = ENDPOINT;
      world.reply = () => ({ kind: "answered", status: 200, body, retryAfterMs: null });
      const lastSequence = writeAttempt(world.store, 0);
      const died = await runUntilDeath(world, lastSequence, { at, how });
      if (!died) break;
      deaths += 1;
      const second = gradeDeliveryOf({ attempt: 0, lastSequence }, { deliveries: 2 });
      await gradeDelivery(second, world.deps, world.drain);
      const settled = world.store.on(settleSubjectOf(0)).length;
      expect({ outcomes: world.outcomes.length, settled }, `end at operation ${at}`).toEqual(expected);
      expect(second.did).toEqual(["ack"]);
    }
    expect(deaths).toBeGreaterThanOrEqual(5);
  });
});
