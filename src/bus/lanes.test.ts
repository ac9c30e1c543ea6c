import { expect, test } from "vitest";

import { Lanes } from "./lanes.ts";

test("never more tasks run than there are lanes, all in turn, and a failure frees its lane", async () => {
  const lanes = new Lanes(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 7 }, (_, n) =>
      lanes.run(async () => {
        started.push(n);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (n === 1) throw new TypeError("planted");
        return n;
      }),
    ),
  );
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(results.map(({ status }) => status)).toEqual(
    started.map((n) => (n === 1 ? "rejected" : "fulfilled")),
  );
});
