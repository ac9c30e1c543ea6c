import { expect, it } from "vitest";
import { otherVersionDelayMs } from "./other-version-delay.ts";

const HOUR_MS = 3_600_000;

it("work of another version comes again soon at first, and is not set aside within an upgrade of three hours", () => {
  expect(otherVersionDelayMs(1)).toBe(60_000);
  // What is delivered more than 20 times is set aside.
  const delays = Array.from({ length: 20 }, (_, index) => otherVersionDelayMs(index + 1));
  expect(delays.reduce((sum, delay) => sum + delay, 0)).toBeGreaterThan(3 * HOUR_MS);
});
