import { expect, test } from "vitest";

import { Fifo } from "./fifo.ts";

test("items come out in the order in which they went in, across its own housekeeping", () => {
  const fifo = new Fifo<number>();
  const out: (number | undefined)[] = [];
  for (let n = 0; n < 5000; n++) {
    fifo.push(n);
    if (n % 3 === 0) out.push(fifo.shift());
  }
  while (fifo.size > 0) out.push(fifo.shift());
  expect(out).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  expect(fifo.shift()).toBeUndefined();
  expect(fifo.size).toBe(0);
});
