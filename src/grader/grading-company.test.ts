import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { GradingCompany } from "./grading-company.ts";
import type { LeaveCompany } from "./grading-company.ts";

const never = new AbortController().signal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Lets gradings ask in order, by `s` for a suspect; tells who began. */
function ask(company: GradingCompany, kinds: string): Map<number, LeaveCompany> {
  const begun = new Map<number, LeaveCompany>();
  for (const [index, kind] of kinds.split("").entries()) {
    void company.enter(kind === "s", never).then((leave) => leave !== null && begun.set(index, leave));
  }
  return begun;
}

describe("who is graded beside whom", () => {
  it("is of no concern while nobody is suspected", async () => {
    const begun = ask(new GradingCompany(new VirtualClock()), "...");
    await settled();
    expect([...begun.keys()]).toEqual([0, 1, 2]);
  });

  it("lets a suspect begin alone, and nobody beside it until it has ended", async () => {
    const begun = ask(new GradingCompany(new VirtualClock()), ".s.s");
    await settled();
    expect([...begun.keys()]).toEqual([0, 2]);
    begun.get(0)?.();
    begun.get(2)?.();
    await settled();
    expect([...begun.keys()]).toEqual([0, 2, 1]);
    begun.get(1)?.();
    await settled();
    expect([...begun.keys()]).toEqual([0, 2, 1, 3]);
  });

  it("lets others in beside a suspect that has done no harm for five minutes", async () => {
    const clock = new VirtualClock();
    const begun = ask(new GradingCompany(clock), "s.");
    await settled();
    expect([...begun.keys()]).toEqual([0]);
    await clock.run(clock.sleep(300_001), 400_000);
    expect([...begun.keys()]).toEqual([0, 1]);
  });

  it("forgets who waits no more", async () => {
    const company = new GradingCompany(new VirtualClock());
    const leaving = new AbortController();
    const first = await company.enter(true, never);
    const second = company.enter(false, leaving.signal);
    leaving.abort();
    expect(await second).toBeNull();
    first?.();
    expect(await company.enter(true, never)).not.toBeNull();
  });
});
