import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { JoinedAbort } from "./joined-abort.ts";

describe("a joined abort", () => {
  it("comes from any of its sources, with that one's reason, once", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const joined = new JoinedAbort(first.signal, second.signal);
    let times = 0;
    joined.signal.addEventListener("abort", () => (times += 1));
    second.abort("second");
    first.abort("first");
    joined.abort("own");
    expect(joined.signal.reason).toBe("second");
    expect(times).toBe(1);
  });

  it("is there at once when a source has aborted before", () => {
    const [first, second] = [new AbortController(), new AbortController()];
    second.abort("before");
    const joined = new JoinedAbort(first.signal, second.signal);
    expect(joined.signal.reason).toBe("before");
    expect(getEventListeners(first.signal, "abort")).toHaveLength(0);
  });

  it("does not abort its sources, and leaves nothing with them once it is released or has aborted", () => {
    const source = new AbortController();
    const released = new JoinedAbort(source.signal);
    const aborted = new JoinedAbort(source.signal);
    released.release();
    aborted.abort("own");
    aborted.release();
    expect(getEventListeners(source.signal, "abort")).toHaveLength(0);
    source.abort("late");
    expect(released.signal.aborted).toBe(false);
    expect(aborted.signal.reason).toBe("own");
  });
});
