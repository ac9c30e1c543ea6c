import { describe, expect, it } from "vitest";
import { DeliveryTable } from "./delivery-table.ts";
import type { WorkDelivery } from "./port.ts";

function aDelivery(subject: string, deliveries: number): WorkDelivery {
  return {
    subject,
    deliveries,
    payload: new Uint8Array(),
    headers: {},
    working: () => undefined,
    ack: async () => undefined,
    nak: async () => undefined,
  };
}

describe("the table of repeated deliveries", () => {
  it("holds what came more than once until it is acknowledged, with its newest count", async () => {
    const table = new DeliveryTable();
    table.watch(aDelivery("a", 1));
    const given = table.watch(aDelivery("a", 2));
    table.watch(aDelivery("b", 5));
    table.watch(aDelivery("a", 3));
    expect(table.repeated()).toEqual([
      { subject: "b", deliveries: 5 },
      { subject: "a", deliveries: 3 },
    ]);
    await given.nak();
    expect(table.repeated()).toHaveLength(2);
    await given.ack();
    expect(table.repeated()).toEqual([{ subject: "b", deliveries: 5 }]);
  });

  it("does not grow beyond its bound: the oldest goes", () => {
    const table = new DeliveryTable(2);
    for (const subject of ["a", "b", "c"]) table.watch(aDelivery(subject, 2));
    expect(table.repeated().map(({ subject }) => subject)).toEqual(["b", "c"]);
  });
});
