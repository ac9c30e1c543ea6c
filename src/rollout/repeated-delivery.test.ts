import { expect, it } from "vitest";
import { judgeDelivery } from "./repeated-delivery.ts";

const MINUTE_MS = 60_000;

it.each([
  ["came five times and left no trace", 5, Infinity, "drive"],
  ["came more often and left no trace", 6, Infinity, "drive_alone"],
  ["was recorded of late, however often it came", 40, 4 * MINUTE_MS, "drive"],
  ["was recorded some time ago", 40, 6 * MINUTE_MS, "drive_alone"],
  ["came 20 times", 20, Infinity, "drive_alone"],
  ["came more often, and of which nothing was recorded for half an hour", 21, 30 * MINUTE_MS, "set_aside"],
] as const)("what %s", (_what, deliveries, silenceMs, verdict) => {
  expect(judgeDelivery({ deliveries, silenceMs })).toBe(verdict);
});
