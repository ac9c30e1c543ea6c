import { expect, it } from "vitest";
import { noteLogger } from "../../test/support/lib/note-logger.ts";
import { FullStreams } from "./full-streams.ts";

it("a full stream is told once, and once more when it takes messages again", () => {
  const { logger, notes } = noteLogger();
  const streams = new FullStreams(logger);
  streams.observe("rollyard.leases.a", "stored");
  for (const uid of ["b", "c"]) streams.observe(`rollyard.leases.${uid}`, "full");
  streams.observe("rollyard.blobs.job.sha.0", "stored");
  streams.observe("rollyard.leases.d", "wrong_sequence");
  streams.observe("rollyard.leases.e", "stored");
  streams.observe("rollyard.leases.f", "stored");
  expect(notes).toEqual([
    ["warn", "a stream is full: what it should store waits", { stream: "leases" }],
    ["info", "a stream takes messages again", { stream: "leases" }],
  ]);
});

it("a stream that answers nothing for long is told once, one that is silent for a moment is not", () => {
  const { logger, notes } = noteLogger();
  const streams = new FullStreams(logger);
  streams.unanswered("rollyard.outcomes.a", 0, 5000);
  streams.observe("rollyard.outcomes.a", "stored");
  streams.unanswered("rollyard.outcomes.a", 6000, 11_000);
  expect(notes).toEqual([]);
  streams.unanswered("rollyard.events.a", 6000, 11_000);
  streams.unanswered("rollyard.events.b", 8000, 13_000);
  streams.unanswered("rollyard.events.a", 11_000, 16_000);
  streams.unanswered("rollyard.events.b", 13_000, 18_000);
  streams.observe("rollyard.events.a", "unknown");
  streams.observe("rollyard.events.a", "stored");
  expect(notes).toEqual([
    ["warn", expect.stringContaining("the disk of nats-server is full"), { stream: "events" }],
    ["info", "a stream takes messages again", { stream: "events" }],
  ]);
});
