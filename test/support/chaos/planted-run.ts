import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Evidence, SeenResult } from "../../chaos/checker/evidence.ts";
import { SeenLog } from "../../chaos/checker/seen-log.ts";
import type { SeenOutcome } from "../../chaos/checker/seen-outcome.ts";
import { AUDIT_TOOL, closingAnswer, NOTE_TOOL } from "../../chaos/world/behaviour.ts";
import type { BehaviourSpec } from "../../chaos/world/behaviour.ts";
import type { RawMessage } from "../../chaos/world/raw-bus.ts";
import { EventBatchSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";
import type { EventSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";

type Kind = NonNullable<MessageInitShape<typeof EventSchema>["kind"]>;

const BEHAVIOUR: BehaviourSpec = { seed: 3, samplesPerItem: 1, modelFaultPercent: 0 };
/** Numbers of the model's answers, one a turn. */
const IDS = [71, 72, 73] as const;
const MARK = "0.0.0.71";
const SEALED_MS = 9000;

/** Parts of a run of one rollout that kept the promise: two turns with a call each, an answer, a grade. */
export interface PlantedRun {
  /** Events of the log, a list a message. */
  readonly messages: readonly (readonly Kind[])[];
  readonly evidence: Omit<Evidence, "logs">;
}

/** A run without fault. */
export function goodRun(): PlantedRun {
  const closing = closingAnswer(BEHAVIOUR, 0);
  const reward = closing.startsWith("answer-") ? 1 : 0;
  const outcome = gradedOutcome({ reward });
  const line: SeenResult = {
    item_index: 0,
    sample_index: 0,
    attempt: 0,
    outcome: "graded",
    reward,
    failure_code: null,
  };
  return {
    messages: [
      [{ case: "rolloutStarted", value: { attempt: 0 } }, attached("one")],
      [sampled(0, "noting"), called(0, NOTE_TOOL, { mark: MARK })],
      [returned(0, `noted ${MARK}`)],
      [sampled(1, "looking"), called(1, AUDIT_TOOL, {})],
      [returned(1, `${MARK}\n`)],
      [sampled(2, closing)],
      [{ case: "rolloutStopped", value: { reason: "answered" } }],
    ],
    evidence: {
      behaviour: BEHAVIOUR,
      rollouts: 1,
      maxAttempts: 3,
      outcomes: new Map([[0, [outcome]]]),
      retired: new Map([["rollyard.leases.box", true]]),
      results: [line],
      attempts: [],
      trajectories: [line],
      model: IDS.map((id, turn) => ({ at: 1000 * (turn * 2 + 1), rollout: 0, turn, id })),
      remoteMarks: null,
      sandboxdKills: 0,
      leftovers: [],
    },
  };
}

/** What the checker is given. */
export function evidenceOf(
  { messages, evidence }: PlantedRun,
  spoil?: (message: RawMessage) => RawMessage,
): Evidence {
  const log = new SeenLog("0");
  for (const message of rawMessages(messages)) log.take(spoil?.(message) ?? message);
  return { ...evidence, logs: new Map([[0, log]]) };
}

/** A graded outcome of the one rollout. */
export function gradedOutcome(change: Partial<SeenOutcome> = {}): SeenOutcome {
  return {
    attempt: 0,
    outcome: "graded",
    reward: 0,
    failureClass: "",
    failureCode: "",
    failureReason: "",
    completionTokens: IDS.reduce((sum, id) => sum + id, 0),
    storedAtMs: SEALED_MS,
    contradiction: null,
    ...change,
  };
}

/** A failed outcome of the one rollout. */
export function failedOutcome(change: Partial<SeenOutcome> = {}): SeenOutcome {
  const failure = { failureClass: "model", failureCode: "model_timeout", failureReason: "It took too long." };
  return gradedOutcome({ outcome: "failed", reward: null, completionTokens: 0, ...failure, ...change });
}

/** A driver takes over. */
export function attached(driver: string): Kind {
  return { case: "driverAttached", value: { driver, nonce: driver } };
}

/** A turn is on record. */
export function sampled(turn: number, content: string): Kind {
  const messageJson = textOf(JSON.stringify({ role: "assistant", content }));
  return { case: "turnSampled", value: { turn, messageJson, usage: { completionTokens: IDS[turn] ?? 0 } } };
}

/** A call's answer is on record. */
export function returned(turn: number, output: string): Kind {
  return { case: "toolReturned", value: { turn, index: 0, output: textOf(output), result: "ok" } };
}

function called(turn: number, name: string, args: object): Kind {
  return { case: "toolCalled", value: { turn, index: 0, name, argumentsJson: textOf(JSON.stringify(args)) } };
}

function textOf(text: string): { readonly place: { readonly case: "inline"; readonly value: string } } {
  return { place: { case: "inline", value: text } };
}

/** Stored a second apart, each with its number and digest. */
function rawMessages(messages: readonly (readonly Kind[])[]): readonly RawMessage[] {
  let digest = "0".repeat(64);
  return messages.map((kinds, at) => {
    const events = kinds.map((kind) => ({ atMs: at, kind }));
    const payload = toBinary(EventBatchSchema, create(EventBatchSchema, { schemaVersion: 1, events }));
    digest = createHash("sha256").update(digest, "hex").update(payload).digest("hex");
    const headers = new Map([
      ["Rollyard-Append", `one:${at + 1}`],
      ["Rollyard-Attempt", "0"],
      ["Rollyard-N", String(at + 1)],
      ["Rollyard-H", digest],
    ]);
    const subject = "rollyard.events.chaos.job.0-0";
    return { subject, sequence: at + 1, storedAtMs: 1000 * at + 500, headers, payload };
  });
}
