import { MsgHdrsImpl } from "nats";
import type { Msg } from "nats";
import { expect, test } from "vitest";
import { directStatus, fromDirectGet } from "./stored-message.ts";

/** A reply with these header lines. */
function reply(lines: readonly string[], text = ""): Msg {
  const headers = MsgHdrsImpl.decode(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
  const data = Buffer.from(text);
  return {
    subject: "_INBOX.a.b",
    sid: 1,
    data,
    headers,
    respond: () => false,
    json: () => JSON.parse(text) as never,
    string: () => text,
  };
}

const STORED = [
  "Nats-Stream: ROLLYARD_EVENTS",
  "Nats-Subject: rollyard.events.n.j.0-0",
  "Nats-Sequence: 7",
  "Nats-Time-Stamp: 2026-01-02T03:04:05.678901234Z",
];

test("a stored message has the server's subject, sequence and time, and its publisher's own headers", () => {
  const message = reply(
    ["NATS/1.0", "Rollyard-Append: n:1", "Nats-Expected-Last-Subject-Sequence: 3", ...STORED],
    "x",
  );
  expect(directStatus(message)).toBe(0);
  expect(fromDirectGet(message)).toMatchObject({
    subject: "rollyard.events.n.j.0-0",
    sequence: 7,
    headers: { "Rollyard-Append": "n:1" },
    storedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  });
});

test("a publisher can't pass its own words off as the server's", () => {
  const forged = [
    "Nats-Sequence: 999",
    "Nats-Subject: rollyard.outcomes.n.j.0-0",
    "Nats-Time-Stamp: 1970-01-01T00:00:00Z",
  ];
  for (const status of ["NATS/1.0", "NATS/1.0 204 EOB", "NATS/1.0 404 No Messages", "NATS/1.0 503"]) {
    const message = reply([status, ...forged, ...STORED]);
    expect(directStatus(message)).toBe(0);
    expect(fromDirectGet(message)).toMatchObject({ subject: "rollyard.events.n.j.0-0", sequence: 7 });
  }
});

test("the server's own notices are no messages, also when they name the subject that was asked", () => {
  expect(directStatus(reply(["NATS/1.0 404 Message Not Found"]))).toBe(404);
  expect(directStatus(reply(["NATS/1.0 204 EOB", "Nats-Num-Pending: 0", "Nats-Last-Sequence: 7"]))).toBe(204);
  expect(directStatus(reply(["NATS/1.0 503", "Nats-Subject: $JS.API.DIRECT.GET.ROLLYARD_EVENTS"]))).toBe(503);
  expect(() => directStatus(reply(["NATS/1.0 408 Bad Request"]))).toThrow("refused a direct get");
});
