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
