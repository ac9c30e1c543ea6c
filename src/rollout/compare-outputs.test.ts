import { describe, expect, it } from "vitest";
import { aReturn } from "../../test/support/rollout/attempt-builder.ts";
import { createTextMask } from "../lib/text-mask.ts";
import { compareOutputs } from "./compare-outputs.ts";
import type { CallReturn } from "./state.ts";

const nothing = createTextMask([], 100);
const numbers = createTextMask(["\\d+"], 100);
const saw = (output: string, changes: Partial<CallReturn> = {}): CallReturn => ({
  ...aReturn(0, 5),
  output,
  ...changes,
});

describe("comparing the output of a call that ran again", () => {
  it("is equal when the model would see the same, however long it took", () => {
    expect(compareOutputs(saw("same"), saw("same", { durationMs: 99, replayed: true }), nothing)).toBe(
      "equal",
    );
  });

  it("is different by any character that the model would see, an exit code too", () => {
    expect(compareOutputs(saw("a\n"), saw("a"), nothing)).toBe("different");
    expect(compareOutputs(saw("a\n[exit code 1]"), saw("a\n[exit code 2]"), nothing)).toBe("different");
    expect(compareOutputs(saw("a\n[truncated 5 bytes]"), saw("a"), nothing)).toBe("different");
  });

  it("leaves out what is declared as volatile, in both", () => {
    expect(compareOutputs(saw("took 12 ms"), saw("took 9 ms"), numbers)).toBe("equal");
    expect(compareOutputs(saw("took 12 ms"), saw("took 9 s"), numbers)).toBe("different");
  });

  it("says when a mask is too slow for one of them", () => {
    const slow = createTextMask(["(a+)+$"], 20);
    expect(compareOutputs(saw("fine"), saw(`${"a".repeat(40)}b`), slow)).toBe("mask_too_slow");
  });

  it.each(["", "\n[truncated 7 bytes]"])(
    "takes timeouts of stored and fresh answers for equal: %j",
    (end) => {
      const fresh = saw(`half[timed out after 3 s]${end}`, { timedOut: true });
      const stored = saw(`half[timed out after 3.1 s]${end}`, { timedOut: true, replayed: true });
      expect(compareOutputs(fresh, stored, nothing)).toBe("equal");
      const inText = saw(`half[timed out after 3 s]${end}`);
      expect(compareOutputs(inText, saw(`half[timed out after 3.1 s]${end}`), nothing)).toBe("different");
      expect(compareOutputs(fresh, saw("half"), nothing)).toBe("different");
    },
  );
});
