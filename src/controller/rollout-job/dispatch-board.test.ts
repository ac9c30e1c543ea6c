import { describe, expect, it } from "vitest";
import { DispatchBoard, endpointKey } from "./dispatch-board.ts";
import type { BoardMember } from "./dispatch-board.ts";

interface TestJob extends BoardMember {
  active: number;
  wanted: number;
  nudges: number;
}

function testJob(wanted: number, namespace = "team"): TestJob {
  const job: TestJob = {
    active: 0,
    wanted,
    nudges: 0,
    look: () => ({ namespace, priority: 0, endpoint: "m", active: job.active, wanted: job.wanted }),
    nudge: () => {
      job.nudges += 1;
    },
  };
  return job;
}

const board = (slots: number | null): DispatchBoard =>
  new DispatchBoard({ namespaces: new Map(), modelEndpoints: new Map() }, () => slots);

describe("the dispatch board", () => {
  it("never lends a slot to two jobs, whoever asks while the other is still dispatching", () => {
    const slots = board(10);
    const [first, second] = [slots.join("a", testJob(100)), slots.join("b", testJob(100))];
    expect(first.lend()).toBe(6);
    expect(second.lend()).toBe(4);
    first.giveBack();
    expect(first.lend()).toBe(6);
  });

  it("lends anew what a job asks for again before it gave back", () => {
    const alone = board(10).join("a", testJob(100));
    expect([alone.lend(), alone.lend()]).toEqual([12, 12]);
  });

  it("wakes only those who may use a free slot", async () => {
    const slots = board(10);
    const [huge, small, done] = [testJob(100), testJob(5, "other"), testJob(0)];
    huge.active = 9;
    for (const [key, job] of Object.entries({ huge, small, done })) slots.join(key, job);
    slots.changed();
    slots.changed();
    await Promise.resolve();
    expect([huge.nudges, small.nudges, done.nudges]).toEqual([0, 1, 0]);
  });

  it("counts a job that has left no more", () => {
    const slots = board(10);
    slots.join("a", testJob(100)).lend();
    slots.leave("a");
    expect(slots.join("b", testJob(100)).lend()).toBe(12);
  });

  it("knows an endpoint with and without its last slash", () => {
    expect(endpointKey("http://m/v1/")).toBe(endpointKey("http://m/v1"));
  });
});
