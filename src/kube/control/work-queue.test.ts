import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../test/support/simulation/virtual-clock.ts";
import { silentLogger } from "../../lib/logger.ts";
import { WorkQueue } from "./work-queue.ts";
import type { HandlerEnd } from "./work-queue.ts";

function world(concurrency = 1) {
  const clock = new VirtualClock();
  const startMs = clock.nowMs();
  const queue = new WorkQueue({ clock, logger: silentLogger, name: "test" });
  const log: string[] = [];
  const now = (): number => clock.nowMs() - startMs;
  /** Runs for so long; the handler's work takes `workMs`. */
  const run = (forMs: number, handle: (key: string) => Promise<HandlerEnd>): Promise<void> => {
    const end = new AbortController();
    const handler = async (key: string): Promise<HandlerEnd> => {
      log.push(`${key}@${now()}`);
      return handle(key);
    };
    const running = queue.run(handler, concurrency, end.signal);
    const stop = clock.sleep(forMs).then(() => end.abort());
    return clock.run(
      Promise.all([running, stop]).then(() => undefined),
      forMs + 10_000,
    );
  };
  return { clock, queue, log, run };
}

describe("WorkQueue", () => {
  it("works on each key once, in the order of adding, however often it was added", async () => {
    const { queue, log, run } = world();
    for (const key of ["a", "b", "a", "a", "c"]) queue.add(key);
    await run(100, async () => undefined);
    expect(log).toEqual(["a@0", "b@0", "c@0"]);
  });

  it("comes back once to a key that was added while it was worked on, and never works on it twice at a time", async () => {
    const { clock, queue, log, run } = world(4);
    let working = 0;
    let most = 0;
    queue.add("a");
    void clock.sleep(10).then(() => queue.add("a"));
    void clock.sleep(20).then(() => queue.add("a"));
    await run(1000, async () => {
      working += 1;
      most = Math.max(most, working);
      await clock.sleep(50);
      working -= 1;
    });
    expect(log).toEqual(["a@0", "a@50"]);
    expect(most).toBe(1);
  });

  it("works on as many keys at once as it may", async () => {
    const { clock, queue, log, run } = world(2);
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await run(1000, async () => clock.sleep(50));
    expect(log).toEqual(["a@0", "b@0", "c@50", "d@50"]);
  });

  it("tries a key that failed again, later each time, and forgets that once it worked", async () => {
    const { queue, log, run } = world();
    queue.add("a");
    let tries = 0;
    await run(1000, async () => {
      tries += 1;
      if (tries <= 3) throw new Error("not yet");
      return tries === 4 ? { againAfterMs: 100 } : undefined;
    });
    expect(log).toEqual(["a@0", "a@20", "a@60", "a@140", "a@240"]);
  });

  it("keeps the pause of a key that failed when it was added meanwhile", async () => {
    const { clock, queue, log, run } = world();
    queue.add("a");
    await run(60, async () => {
      await clock.sleep(10);
      queue.add("a");
      throw new Error("not yet");
    });
    expect(log).toEqual(["a@0", "a@30"]);
  });

  it("waits for the earliest of several times, and an add makes it begin now", async () => {
    const { clock, queue, log, run } = world();
    queue.addAfter("a", 500);
    queue.addAfter("a", 300);
    queue.addAfter("a", 900);
    queue.addAfter("b", 800);
    void clock.sleep(50).then(() => queue.add("b"));
    await run(2000, async () => undefined);
    expect(log).toEqual(["b@50", "a@300"]);
  });

  it("forgets a key that is dropped", async () => {
    const { queue, log, run } = world();
    queue.add("a");
    queue.addAfter("b", 10);
    queue.drop("a");
    queue.drop("b");
    await run(100, async () => undefined);
    expect(log).toEqual([]);
    expect(queue.depth).toBe(0);
  });

  it("lets work under way end before it has ended itself", async () => {
    const { clock, queue, run } = world();
    queue.add("a");
    let isDone = false;
    await run(10, async () => {
      await clock.sleep(500);
      isDone = true;
    });
    expect(isDone).toBe(true);
  });
});
