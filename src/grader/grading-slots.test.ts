import { describe, expect, it } from "vitest";
import { GradingSlots } from "./grading-slots.ts";

const never = new AbortController().signal;

describe("the slots of gradings", () => {
  it("are free again while a grading only waits", () => {
    const slots = new GradingSlots(1);
    const hold = slots.take();
    expect(slots.free).toBe(0);
    hold.leave();
    hold.leave();
    expect(slots.free).toBe(1);
    expect(hold.isOutside).toBe(true);
  });

  it("go to those that come back before anything new, in their order", async () => {
    const slots = new GradingSlots(1);
    const [first, second] = [slots.take(), slots.take()];
    first.leave();
    second.leave();
    const third = slots.take();
    const order: string[] = [];
    const back = [
      second.enter(never).then(() => order.push("second")),
      first.enter(never).then(() => order.push("first")),
    ];
    expect(slots.free).toBe(0);
    third.leave();
    await back[0];
    expect(order).toEqual(["second"]);
    second.leave();
    await back[1];
    expect(order).toEqual(["second", "first"]);
  });

  it("are given once to the parts of one grading that come back together", async () => {
    const slots = new GradingSlots(2);
    const hold = slots.take();
    hold.leave();
    expect(await Promise.all([hold.enter(never), hold.enter(never)])).toEqual([true, true]);
    expect(slots.free).toBe(1);
  });

  it("are not kept for a grading that gave up", async () => {
    const slots = new GradingSlots(1);
    const hold = slots.take();
    hold.leave();
    const other = slots.take();
    const stop = new AbortController();
    const entering = hold.enter(stop.signal);
    stop.abort();
    expect(await entering).toBe(false);
    expect(await hold.enter(stop.signal)).toBe(false);
    other.leave();
    expect(slots.free).toBe(1);
  });
});
