import { expect, it } from "vitest";
import { streamsBefore } from "./publish-order.ts";
import { eventsSubject, outcomesSubject, workSubject } from "./subjects.ts";

const rollout = { namespace: "ns", jobUid: "0123456789ab", itemIndex: 1, sampleIndex: 0 };

it.each([
  ["an event", eventsSubject(rollout), []],
  ["a first assignment", workSubject("rollout", rollout, 0), []],
  ["a later attempt's assignment", workSubject("rollout", rollout, 1), ["outcomes"]],
  ["a grade request", workSubject("grade", rollout, 0), ["blobs", "events"]],
  ["a settle request", workSubject("settle", rollout, 0), ["blobs", "events"]],
  ["an outcome", outcomesSubject(rollout), ["blobs", "events"]],
])("%s stands on %j", (_what, subject, streams) => {
  expect(streamsBefore(subject)).toEqual(streams);
});
