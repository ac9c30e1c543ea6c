import { expect, it } from "vitest";
import { SilentStreams } from "./silent-streams.ts";

it("a stream that was silent for a moment is none, one that stays silent is", () => {
  const streams = new SilentStreams();
  streams.unanswered("events", 0, 5000);
  expect(streams.at(5000)).toEqual([]);
  streams.unanswered("events", 3000, 8000);
  streams.unanswered("work", 5000, 10_000);
  streams.unanswered("events", 5000, 10_000);
  expect(streams.at(10_000)).toEqual(["events"]);
});

it("a stream that stores again is silent no more", () => {
  const streams = new SilentStreams();
  for (const nowMs of [5000, 10_000]) streams.unanswered("events", nowMs - 5000, nowMs);
  streams.stored("events");
  expect(streams.at(10_000)).toEqual([]);
  streams.unanswered("events", 11_000, 16_000);
  expect(streams.at(16_000)).toEqual([]);
});

it("a stream that nobody has asked for a while is asked again, and its old silence does not count", () => {
  const streams = new SilentStreams();
  for (const nowMs of [5000, 10_000]) streams.unanswered("events", nowMs - 5000, nowMs);
  expect(streams.at(29_000)).toEqual(["events"]);
  expect(streams.at(31_000)).toEqual([]);
  streams.unanswered("events", 35_000, 40_000);
  expect(streams.at(40_000)).toEqual([]);
});
