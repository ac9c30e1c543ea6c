import { describe, expect, it } from "vitest";
import { sharedRun } from "./shared-run.ts";

describe("an action that many ask for", () => {
  it("runs once for all who ask while it runs, and begins after they asked", async () => {
    const runs: PromiseWithResolvers<void>[] = [];
    const ask = sharedRun(() => {
      const run = Promise.withResolvers<void>();
      runs.push(run);
      return run.promise;
    });
    const first = ask();
    await Promise.resolve();
    const others = [ask(), ask(), ask()];
    expect(runs).toHaveLength(1);
    runs[0]?.resolve();
    await first;
    await Promise.resolve();
    expect(runs).toHaveLength(2);
    runs[1]?.resolve();
    await Promise.all(others);
    expect(runs).toHaveLength(2);
  });

  it("runs again after it has failed", async () => {
    let runs = 0;
    const ask = sharedRun(async () => {
      runs += 1;
      if (runs === 1) throw new Error("EIO");
    });
    await expect(Promise.all([ask(), ask()])).rejects.toThrow("EIO");
    await ask();
    expect(runs).toBe(2);
  });
});
