import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { GRADER_COMPANY } from "../grader/grader-company.ts";
import { Company } from "./company.ts";
import type { CompanyRules, LeaveCompany } from "./company.ts";
import { WORKER_COMPANY } from "./worker-company.ts";

const never = new AbortController().signal;

/** Lets some ask for a place, by how much they are suspected, and tells who is inside, in the order of entering. */
function companyOf(
  rules: CompanyRules,
  suspicions: readonly number[],
): { readonly inside: Map<number, LeaveCompany>; readonly company: Company; readonly clock: VirtualClock } {
  const clock = new VirtualClock();
  const company = new Company(rules, clock);
  const inside = new Map<number, LeaveCompany>();
  for (const [index, suspicion] of suspicions.entries()) {
    void company.enter(suspicion, never).then((leave) => leave !== null && inside.set(index, leave));
  }
  return { company, inside, clock };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the suspects of a worker", () => {
  it.each([
    [2, 16],
    [3, 4],
    [4, 1],
    [5, 1],
  ])("with %i ended drivers are driven %i at a time", async (deaths, width) => {
    const { inside } = companyOf(
      WORKER_COMPANY,
      Array.from({ length: 30 }, () => deaths),
    );
    await settled();
    expect(inside.size).toBe(width);
    inside.get(0)?.();
    await settled();
    expect(inside.size).toBe(width + 1);
  });

  it("go by how little they are suspected, and the most suspected one is alone", async () => {
    const { inside } = companyOf(WORKER_COMPANY, [5, 3, 2, 3]);
    await settled();
    expect([...inside.keys()]).toEqual([0]);
    inside.get(0)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 2, 1, 3]);
  });

  it("count once, however often they leave", async () => {
    const { inside, company } = companyOf(WORKER_COMPANY, [4, 4, 4]);
    await settled();
    inside.get(0)?.();
    inside.get(0)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 1]);
    expect(company.waiting).toBe(1);
  });

  it("that wait no more are forgotten, and the next one is let in", async () => {
    const { company, inside } = companyOf(WORKER_COMPANY, [5]);
    await settled();
    const leaving = new AbortController();
    const gone = company.enter(4, leaving.signal);
    const next = company.enter(5, never);
    leaving.abort();
    expect(await gone).toBeNull();
    inside.get(0)?.();
    expect(await next).not.toBeNull();
  });
});

describe("the gradings of a process", () => {
  it("run beside each other while nobody is suspected", async () => {
    const { inside } = companyOf(GRADER_COMPANY, [0, 0, 0]);
    await settled();
    expect([...inside.keys()]).toEqual([0, 1, 2]);
  });

  it("let a suspect begin alone, and nobody beside it until it has ended", async () => {
    const { inside } = companyOf(GRADER_COMPANY, [0, 1, 0]);
    await settled();
    expect([...inside.keys()]).toEqual([0]);
    inside.get(0)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 1]);
    inside.get(1)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 1, 2]);
  });

  it("never keep a suspect waiting by what came after it", async () => {
    const { inside, company } = companyOf(GRADER_COMPANY, [0, 0, 1]);
    await settled();
    void company.enter(0, never).then((leave) => leave !== null && inside.set(3, leave));
    inside.get(0)?.();
    await settled();
    inside.get(1)?.();
    await settled();
    expect([...inside.keys()]).toEqual([0, 1, 2]);
  });

  it.each([
    ["beside a suspect that has done no harm", [1, 0]],
    ["that is suspected beside one that goes on and on", [0, 1]],
  ])("let one in after five minutes %s", async (_which, suspicions) => {
    const { inside, clock } = companyOf(GRADER_COMPANY, suspicions);
    await settled();
    expect([...inside.keys()]).toEqual([0]);
    await clock.run(clock.sleep(300_001), 400_000);
    expect([...inside.keys()]).toEqual([0, 1]);
  });
});
