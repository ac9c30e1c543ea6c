import { expect, it } from "vitest";
import { GradingPlace } from "./grading-place.ts";

const never = new AbortController().signal;

/** A slot that tells what is done with it. */
function recordedPlace(): { readonly place: GradingPlace; readonly did: string[] } {
  const did: string[] = [];
  let isHeld = true;
  const place = new GradingPlace({
    leave: () => {
      if (isHeld) did.push("leave");
      isHeld = false;
    },
    enter: async (signal) => {
      if (!isHeld) did.push("enter");
      isHeld = true;
      return !signal.aborted;
    },
  });
  return { place, did };
}

/** A wait that the test ends. */
function heldWait() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: () => promise, end: resolve };
}

it("gives its slot back while its one grader waits", async () => {
  const { place, did } = recordedPlace();
  const held = heldWait();
  const outside = place.outside(held.wait, never);
  expect(did).toEqual(["leave"]);
  held.end();
  expect(await outside).toBe(true);
  expect(did).toEqual(["leave", "enter"]);
});

it("keeps its slot until the last of its parts only waits, and takes one again for the first that goes on", async () => {
  const { place, did } = recordedPlace();
  const [one, other] = [heldWait(), heldWait()];
  place.divide(3);
  const first = place.outside(one.wait, never);
  const second = place.outside(other.wait, never);
  expect(did).toEqual([]);
  place.partEnded();
  expect(did).toEqual(["leave"]);
  one.end();
  await first;
  expect(did).toEqual(["leave", "enter"]);
  place.partEnded();
  expect(did).toEqual(["leave", "enter", "leave"]);
  other.end();
  await second;
  place.partEnded();
  expect(did).toEqual(["leave", "enter", "leave", "enter"]);
});

it("waits as a whole again once its parts have ended", async () => {
  const { place, did } = recordedPlace();
  place.divide(2);
  place.partEnded();
  place.partEnded();
  expect(did).toEqual([]);
  await place.outside(async () => undefined, never);
  expect(did).toEqual(["leave", "enter"]);
});

it("stays outside when its wait was given up", async () => {
  const { place, did } = recordedPlace();
  const stop = new AbortController();
  const outside = place.outside(async () => stop.abort(), stop.signal);
  expect(await outside).toBe(false);
  expect(did).toEqual(["leave"]);
});
