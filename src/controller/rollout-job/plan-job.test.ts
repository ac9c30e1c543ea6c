import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planJob } from "./plan-job.ts";
import type { JobView } from "./plan-job.ts";

const NOW_MS = 1_000_000;

const fresh: JobView = {
  isDeleting: false,
  hasFinalizer: true,
  suspend: false,
  ttlSeconds: null,
  endedAtMs: null,
  isRecordLost: false,
  isStarted: false,
  isPaused: false,
  runner: "none",
  isCurrent: true,
};

const rest = (againAfterMs: number | null = null) => ({ kind: "rest", againAfterMs });

describe("planJob", () => {
  it.each<[string, Partial<JobView>, unknown]>([
    ["holds a new job by the finalizer first", { hasFinalizer: false }, { kind: "add_finalizer" }],
    ["then finds what it refers to", {}, { kind: "start" }],
    ["runs one that was begun", { isStarted: true }, { kind: "run" }],
    ["leaves one that runs alone", { isStarted: true, runner: "runs" }, rest()],
    [
      "runs it anew when what may change has changed",
      { isStarted: true, runner: "runs", isCurrent: false },
      { kind: "stop_runner" },
    ],
    ["does not begin one that is suspended from the start", { suspend: true }, rest()],
    ["suspends one that runs", { suspend: true, isStarted: true, runner: "runs" }, { kind: "suspend" }],
    [
      "counts what is left of one that is suspended",
      { suspend: true, isStarted: true, isPaused: true },
      { kind: "watch" },
    ],
    [
      "takes a suspension up again that an earlier leader has not carried through",
      { suspend: true, isStarted: true },
      { kind: "run" },
    ],
    ["only watches that", { suspend: true, isStarted: true, runner: "watches" }, rest()],
    ["ends the watching when it is resumed", { isStarted: true, runner: "watches" }, { kind: "stop_runner" }],
    ["waits for an end to be written", { isStarted: true, runner: "ended" }, rest()],
    [
      "stops a runner once the end is written",
      { endedAtMs: NOW_MS, runner: "ended" },
      { kind: "stop_runner" },
    ],
    ["keeps an ended one for ever without a time to live", { endedAtMs: 0, isStarted: true }, rest()],
    ["waits for the end of its time", { endedAtMs: NOW_MS - 3000, ttlSeconds: 10 }, rest(7000)],
    ["deletes it then", { endedAtMs: NOW_MS - 10_000, ttlSeconds: 10 }, { kind: "expire" }],
    ["deletes it at once with a time of zero", { endedAtMs: NOW_MS, ttlSeconds: 0 }, { kind: "expire" }],
    ["dispatches nothing once the record was lost", { isRecordLost: true, isStarted: true }, rest()],
    ["purges one that is deleted, whatever it does", { isDeleting: true, runner: "runs" }, { kind: "purge" }],
    ["purges an ended one too", { isDeleting: true, endedAtMs: 0 }, { kind: "purge" }],
    ["leaves the rest to others after that", { isDeleting: true, hasFinalizer: false }, rest()],
  ])("%s", (_, view, step) => {
    expect(planJob({ ...fresh, ...view }, NOW_MS)).toEqual(step);
  });

  const view: fc.Arbitrary<JobView> = fc.record({
    isDeleting: fc.boolean(),
    hasFinalizer: fc.boolean(),
    suspend: fc.boolean(),
    ttlSeconds: fc.option(fc.nat(1000)),
    endedAtMs: fc.option(fc.nat(NOW_MS)),
    isRecordLost: fc.boolean(),
    isStarted: fc.boolean(),
    isPaused: fc.boolean(),
    runner: fc.constantFrom("none", "runs", "watches", "ended"),
    isCurrent: fc.boolean(),
  });

  it("never plans a job again whose end is written, or whose record was lost", () => {
    fc.assert(
      fc.property(view, (any) => {
        const { kind } = planJob(any, NOW_MS);
        const isOver = any.endedAtMs !== null || any.isRecordLost || any.isDeleting;
        expect(isOver && ["start", "run", "watch", "suspend"].includes(kind)).toBe(false);
      }),
    );
  });

  it("touches no stream before the finalizer is there, and never deletes a job without an end", () => {
    fc.assert(
      fc.property(view, (any) => {
        const { kind } = planJob(any, NOW_MS);
        expect(!any.hasFinalizer && !["add_finalizer", "rest"].includes(kind)).toBe(false);
        expect(kind === "expire" && any.endedAtMs === null).toBe(false);
      }),
    );
  });
});
