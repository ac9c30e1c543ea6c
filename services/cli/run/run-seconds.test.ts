import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import type { RunState } from "./run-state.ts";
import { RunSeconds } from "./run-seconds.ts";

/** A folder that keeps what was saved; its run has run for 100 s before. */
function folder() {
  const state = { earlierSeconds: 100, stopped: { why: "error", message: "x" } } as RunState;
  const saved: RunState[] = [];
  const save = async (next: RunState): Promise<void> => void saved.push(next);
  return { folder: { state, save }, saved };
}

describe("the seconds of a run", () => {
  it("are noted each minute, so that a session that is killed counts", async () => {
    const clock = new VirtualClock();
    const { folder: kept, saved } = folder();
    const seconds = new RunSeconds(kept, clock);
    await clock.run(clock.sleep(150_000), 600_000);
    expect(saved.map(({ earlierSeconds }) => earlierSeconds)).toEqual([160, 220]);
    expect(saved.every(({ stopped }) => stopped === null)).toBe(true);
    expect(seconds.total()).toBe(250);
    await clock.run(seconds.stop(), 600_000);
  });

  it("are not noted any more once they are stopped, nor when the disk is full", async () => {
    const clock = new VirtualClock();
    const tries: number[] = [];
    const { folder: kept } = folder();
    const save = ({ earlierSeconds }: RunState): Promise<void> => {
      tries.push(earlierSeconds);
      return Promise.reject(new Error("ENOSPC"));
    };
    const seconds = new RunSeconds({ ...kept, save }, clock);
    await clock.run(clock.sleep(130_000), 600_000);
    await clock.run(seconds.stop(), 600_000);
    await clock.run(clock.sleep(600_000), 1_200_000);
    expect(tries).toEqual([160, 220]);
  });
});
