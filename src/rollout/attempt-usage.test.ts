import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { MemoryLogStore } from "../../test/support/grader/memory-log-store.ts";
import { eventsSubject } from "../bus/subjects.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import { usageOnRecord } from "./attempt-usage.ts";
import { EMPTY_DIGEST } from "./digest.ts";
import { newEvent } from "./events.ts";
import type { RolloutEvent } from "./events.ts";
import { encodeLogMessage } from "./log-message.ts";

const REF = create(AttemptRefSchema, { namespace: "ns", jobUid: "0123456789ab", itemIndex: 1, attempt: 1 });

const turn = (number: number, promptTokens: number): RolloutEvent =>
  newEvent(1, {
    case: "turnSampled",
    value: { turn: number, usage: { promptTokens, completionTokens: 1 } },
  });

/** Messages as several writers might have left them: numbers and digests follow from nothing. */
function storeOf(...messages: readonly (readonly [attempt: number, events: readonly RolloutEvent[]])[]) {
  const store = new MemoryLogStore();
  const subject = eventsSubject(REF);
  for (const [attempt, events] of messages) {
    const { payload, headers } = encodeLogMessage(
      { attempt, messages: 0, digest: EMPTY_DIGEST },
      "n",
      events,
    );
    store.store({ subject, payload, headers });
  }
  return { store, subject };
}

it("a log that does not fold still tells of each turn of the attempt once", async () => {
  const { store, subject } = storeOf(
    [0, [turn(0, 1000)]],
    [1, [turn(0, 10)]],
    [1, [turn(0, 10), turn(1, 20)]],
  );
  store.store({
    subject,
    payload: new Uint8Array([1, 2]),
    headers: { "Rollyard-Attempt": "1", "Rollyard-Append": "n:9" },
  });
  expect(await usageOnRecord(store, REF)).toMatchObject({ promptTokens: 30, completionTokens: 2 });
});

it("a log without turns, or whose writers gave no numbers, tells of no tokens", async () => {
  const { store } = storeOf([1, [newEvent(1, { case: "turnSampled", value: { turn: 0 } })]]);
  expect(await usageOnRecord(store, REF)).toBeNull();
  expect(await usageOnRecord(new MemoryLogStore(), REF)).toBeNull();
});
