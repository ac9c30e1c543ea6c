import { describe, expect, it } from "vitest";
import { SandboxTurns } from "./sandbox-turns.ts";

/** Notes who is inside, in the order in which they came. */
function notedTurns() {
  const turns = new SandboxTurns();
  const inside: string[] = [];
  const stop = new AbortController();
  const enter = (name: string, company: "shared" | "alone", signal = stop.signal) =>
    turns.enter(company, signal).then((leave) => {
      inside.push(name);
      return leave;
    });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { enter, inside, settle };
}

describe("turns in a sandbox", () => {
  it("are taken together by those who share, and by nobody else while one is alone", async () => {
    const { enter, inside, settle } = notedTurns();
    const shared = await Promise.all([enter("a", "shared"), enter("b", "shared")]);
    const alone = enter("c", "alone");
    const later = enter("d", "shared");
    await settle();
    expect(inside).toEqual(["a", "b"]);
    for (const leave of shared) leave();
    await settle();
    expect(inside).toEqual(["a", "b", "c"]);
    (await alone)();
    (await later)();
    expect(inside).toEqual(["a", "b", "c", "d"]);
  });

  it("are given up by who is aborted, and go on to the next", async () => {
    const { enter, inside } = notedTurns();
    const leave = await enter("a", "shared");
    const stop = new AbortController();
    const given = enter("b", "alone", stop.signal);
    const next = enter("c", "shared");
    stop.abort(new Error("no more"));
    await expect(given).rejects.toThrow("no more");
    (await next)();
    leave();
    expect(inside).toEqual(["a", "c"]);
  });
});
