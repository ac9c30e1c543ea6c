import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../test/support/simulation/virtual-clock.ts";
import { Paced } from "./paced.ts";

function world() {
  const clock = new VirtualClock();
  const end = new AbortController();
  const done: number[] = [];
  const paced = new Paced(() => done.push(clock.elapsedMs), { clock, pauseMs: 5, signal: end.signal });
  return { clock, end, done, paced, later: (ms: number) => clock.run(clock.sleep(ms), ms + 1) };
}

describe("Paced", () => {
  it("acts at once, and once more after the pause for all that was asked meanwhile", async () => {
    const { done, paced, later } = world();
    paced.ask();
    expect(done).toEqual([0]);
    for (let asked = 0; asked < 3; asked += 1) paced.ask();
    expect(done).toEqual([0]);
    await later(20);
    expect(done).toEqual([0, 5]);
  });

  it("acts at once again when it was quiet for a pause", async () => {
    const { done, paced, later } = world();
    paced.ask();
    await later(6);
    paced.ask();
    expect(done).toEqual([0, 6]);
  });

  it("does for what the action itself asks as for anybody", async () => {
    const clock = new VirtualClock();
    const done: number[] = [];
    const paced: Paced = new Paced(
      () => {
        done.push(clock.elapsedMs);
        if (done.length < 3) paced.ask();
      },
      { clock, pauseMs: 5, signal: new AbortController().signal },
    );
    paced.ask();
    await clock.run(clock.sleep(30), 31);
    expect(done).toEqual([0, 5, 10]);
  });

  it("does nothing any more after its end", async () => {
    const { done, end, paced, later } = world();
    paced.ask();
    paced.ask();
    end.abort();
    paced.ask();
    await later(20);
    expect(done).toEqual([0]);
  });
});
