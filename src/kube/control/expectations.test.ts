import { beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../lib/clock.ts";
import { Expectations } from "./expectations.ts";

let nowMs = 0;
const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => undefined };

describe("Expectations", () => {
  beforeEach(() => {
    nowMs = 0;
  });

  it("are met for an owner that has done nothing, and for one that noted nothing", () => {
    const expectations = new Expectations(clock);
    expectations.note("pool", {});
    expect(expectations.isMet("pool")).toBe(true);
  });

  it("are met once the cache shows every creation and every deletion", () => {
    const expectations = new Expectations(clock);
    expectations.note("pool", { creations: ["a", "b"], deletions: ["u1"] });
    expectations.sawCreation("pool", "a");
    expectations.sawDeletion("pool", "u1");
    expect(expectations.isMet("pool")).toBe(false);
    expectations.sawCreation("pool", "b");
    expect(expectations.isMet("pool")).toBe(true);
  });

  it("are not met by what another owner, or another object, shows", () => {
    const expectations = new Expectations(clock);
    expectations.note("pool", { creations: ["a"] });
    expectations.sawCreation("other", "a");
    expectations.sawCreation("pool", "b");
    expectations.sawDeletion("pool", "a");
    expect(expectations.isMet("pool")).toBe(false);
  });

  it("count an object that is seen twice once", () => {
    const expectations = new Expectations(clock);
    expectations.note("pool", { creations: ["a", "b"] });
    expectations.sawCreation("pool", "a");
    expectations.sawCreation("pool", "a");
    expect(expectations.isMet("pool")).toBe(false);
  });

  it("are met by a new list that began after the answer, so that a lost event does not stop the owner", () => {
    const expectations = new Expectations(clock);
    nowMs = 100;
    expectations.note("pool", { creations: ["lost", "unanswered"], deletions: ["u1"] });
    expectations.answered("pool", "lost");
    expectations.answered("pool", "u1");
    expectations.listed(99);
    expectations.sawCreation("pool", "unanswered");
    expect(expectations.isMet("pool")).toBe(false);
    expectations.listed(100);
    expect(expectations.isMet("pool")).toBe(true);
  });

  it("keep waiting for a write without an answer when a list comes", () => {
    const expectations = new Expectations(clock);
    expectations.note("pool", { creations: ["a"] });
    expectations.listed(1000);
    expect(expectations.isMet("pool")).toBe(false);
  });

  it("end after five minutes without a new note", () => {
    const expectations = new Expectations(clock);
    expectations.note("pool", { creations: ["a"] });
    nowMs = 200_000;
    expectations.note("pool", { creations: ["b"] });
    nowMs = 300_000;
    expect(expectations.isMet("pool")).toBe(false);
    nowMs = 500_000;
    expect(expectations.isMet("pool")).toBe(true);
    expectations.note("pool", { creations: ["c"] });
    expectations.forget("pool");
    expect(expectations.isMet("pool")).toBe(true);
  });
});
