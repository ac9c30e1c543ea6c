import { expect, it } from "vitest";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { GRADER_COMPANY } from "../grader/grader-company.ts";
import { Company } from "./company.ts";
import { CompanyStay } from "./company-stay.ts";

const never = new AbortController().signal;

async function away(stay: CompanyStay, wait: Promise<void>, signal: AbortSignal): Promise<boolean> {
  stay.leave();
  await wait;
  return stay.enterAgain(signal);
}

function twoOf(suspicions: readonly [number, number]) {
  const clock = new VirtualClock();
  const company = new Company(GRADER_COMPANY, clock);
  const [first, second] = suspicions.map(() => new CompanyStay(company, clock, 0));
  if (first === undefined || second === undefined) throw new Error("two");
  return { clock, first, second };
}

it("lets a suspect begin while the other only waits, which is in again once the suspect has gone", async () => {
  const { clock, first, second } = twoOf([0, 1]);
  const seen: string[] = [];
  const play = async (): Promise<void> => {
    await first.enter(0, never);
    const suspect = second.enter(1, never).then(() => seen.push("suspect in"));
    const waiting = away(first, clock.sleep(1000), never).then((isIn) => seen.push(`in again ${isIn}`));
    await suspect;
    await clock.sleep(5000);
    seen.push("suspect gone");
    second.leave();
    await waiting;
  };
  await clock.run(play(), 60_000);
  expect(seen).toEqual(["suspect in", "suspect gone", "in again true"]);
});

it("has one place for all its parts that wait", async () => {
  const { clock, first, second } = twoOf([1, 1]);
  const seen: string[] = [];
  const play = async (): Promise<void> => {
    await first.enter(1, never);
    const parts = [1000, 2000].map((delayMs) => away(first, clock.sleep(delayMs), never));
    await Promise.all(parts);
    void second.enter(1, never).then(() => seen.push("other in"));
    await clock.sleep(1000);
    seen.push("leaves");
    first.leave();
    await clock.sleep(1);
  };
  await clock.run(play(), 60_000);
  expect(seen).toEqual(["leaves", "other in"]);
});

it("does not come in again once it is told to go", async () => {
  const { clock, first, second } = twoOf([0, 1]);
  const leaving = new AbortController();
  const play = async (): Promise<boolean> => {
    await first.enter(0, never);
    void second.enter(1, never);
    const waiting = away(first, clock.sleep(1000), leaving.signal);
    await clock.sleep(2000);
    leaving.abort();
    return waiting;
  };
  expect(await clock.run(play(), 60_000)).toBe(false);
});
