import { describe, expect, it } from "vitest";
import { GroupTally } from "./group-tally.ts";

const at = (itemIndex: number, sampleIndex: number) => ({ itemIndex, sampleIndex });

describe("GroupTally", () => {
  it("gives a group back with its last member, by sample, and keeps nothing of it", () => {
    const tally = new GroupTally({ samplesPerItem: 2, indexes: null });
    expect(tally.add(at(4, 1))).toBeNull();
    expect(tally.add(at(0, 0))).toBeNull();
    expect(tally.add(at(4, 0))).toEqual({ itemIndex: 4, members: [at(4, 0), at(4, 1)] });
    expect(tally.rest()).toEqual([{ itemIndex: 0, members: [at(0, 0)] }]);
  });

  it("expects of each item only the rollouts that the job has", () => {
    // Of item 0 the second of three, of item 2 the first and the third.
    const tally = new GroupTally({ samplesPerItem: 3, indexes: [1, 6, 8] });
    expect(tally.add(at(0, 1))?.members).toEqual([at(0, 1)]);
    expect(tally.add(at(2, 2))).toBeNull();
    expect(tally.add(at(2, 2))).toBeNull();
    expect(tally.add(at(2, 0))?.members).toEqual([at(2, 0), at(2, 2)]);
  });
});
