import { expect, it } from "vitest";
import { stopRequests } from "./interrupt.ts";

it.each([
  [{ own: 0, relayed: 0 }, 0],
  // Ctrl-C once, before and after the launcher has told of it; then twice.
  [{ own: 0, relayed: 1 }, 1],
  [{ own: 1, relayed: 1 }, 1],
  [{ own: 2, relayed: 2 }, 2],
  // To this process alone, to the launcher alone.
  [{ own: 2, relayed: 0 }, 2],
  [{ own: 0, relayed: 2 }, 2],
  // npm passes on to the launcher what the group got too.
  [{ own: 1, relayed: 2 }, 1],
])("takes %j for %i requests to stop", (counts, requests) => {
  expect(stopRequests(counts)).toBe(requests);
});
