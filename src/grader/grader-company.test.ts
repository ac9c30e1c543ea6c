import { describe, expect, it } from "vitest";
import { pauseOf, suspicionOf } from "./grader-company.ts";

const SUBJECTS = Array.from({ length: 12 }, (_, item) => `rollyard.work.grade.ns.0123456789ab.${item}-0.0`);
/** Suspicions of a request in its lives as a suspect, until it is set aside. */
const LIVES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

function isAhead(innocent: string, guilty: string, life: number): boolean {
  return pauseOf(innocent, life) < pauseOf(guilty, life);
}

describe("the pause of a suspect", () => {
  it("is none for a request that is not suspected", () => {
    expect(pauseOf("any", suspicionOf(10))).toBe(0);
    expect(suspicionOf(11)).toBe(1);
  });

  it("lets every other request go before the guilty one in one of two lives, unless they come at the same millisecond", () => {
    for (const guilty of SUBJECTS) {
      for (const innocent of SUBJECTS.filter((subject) => subject !== guilty)) {
        const ahead = LIVES.map((life) => isAhead(innocent, guilty, life));
        const pairs = LIVES.filter((life) => life % 2 === 1).map((life) => ahead.slice(life - 1, life + 1));
        const decided = pairs.filter((pair) => pair.includes(true));
        expect(decided.every((pair) => pair.includes(false))).toBe(true);
        expect(decided.length).toBeGreaterThanOrEqual(pairs.length - 1);
      }
    }
  });

  it("has another order in each two lives, so that one between two guilty ones is not always behind one of them", () => {
    const orders = LIVES.map((life) =>
      SUBJECTS.toSorted((a, b) => pauseOf(a, life) - pauseOf(b, life)).join(","),
    );
    expect(new Set(orders).size).toBe(LIVES.length);
  });

  it("is a whole number of milliseconds under a second", () => {
    for (const subject of SUBJECTS) {
      for (const life of LIVES) {
        const pauseMs = pauseOf(subject, life);
        expect(Number.isInteger(pauseMs) && pauseMs >= 0 && pauseMs < 1000).toBe(true);
      }
    }
  });
});
