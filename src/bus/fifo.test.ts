import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

test("what was taken out is free to go", async () => {
  const fifo = new Fifo<object>();
  const gone = pushed(fifo, 10);
  fifo.push({});
  for (let n = 0; n < 10; n++) fifo.shift();
  // A weak reference holds on until the turn in which it was made or read has ended.
  await new Promise((resolve) => void setImmediate(resolve));
  collectGarbage();
  expect(gone.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  expect(fifo.size).toBe(1);
});

function pushed(fifo: Fifo<object>, count: number): readonly WeakRef<object>[] {
  return Array.from({ length: count }, (_, n) => {
    const item = { n };
    fifo.push(item);
    return new WeakRef(item);
  });
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
