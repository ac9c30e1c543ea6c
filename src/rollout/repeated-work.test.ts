import { expect, it } from "vitest";
import type { WorkDelivery } from "../bus/port.ts";
import { repeatedWork } from "./repeated-work.ts";

const driven = (subject: string, deliveries: number) => ({
  delivery: { subject, deliveries } as WorkDelivery,
});

it("announces what came more than once, most often first, and not without bound", () => {
  expect(repeatedWork([driven("a", 1), driven("b", 2), driven("c", 9)])).toEqual([
    { subject: "c", deliveries: 9 },
    { subject: "b", deliveries: 2 },
  ]);
  const many = Array.from({ length: 100 }, (_, index) => driven(`s${index}`, 2 + index));
  const announced = repeatedWork(many);
  expect(announced).toHaveLength(32);
  expect(announced[0]?.deliveries).toBe(101);
});
