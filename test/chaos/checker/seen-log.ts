import { createHash } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { EventBatchSchema } from "../../../src/gen/rollyard/v1/events_pb.ts";
import type {
  Event,
  Text,
  ToolCalled,
  ToolReturned,
  TurnSampled,
} from "../../../src/gen/rollyard/v1/events_pb.ts";
import type { RawMessage } from "../world/raw-bus.ts";
import type { Finding, FindingKind } from "./finding.ts";

// The checker's own reading of an event log, by docs/protocol.md and not by the product's fold: what both got wrong in the
// same way would not be seen.

/** A tool call on record. */
export interface SeenCall {
  readonly name: string;
  readonly argumentsJson: string;
  readonly calledAtMs: number;
  output: string | null;
  result: string;
}

/** A turn on record. */
export interface SeenTurn {
  /** The model's own number of the answer. */
  readonly id: number;
  readonly content: string;
  /** When the server stored it. */
  readonly storedAtMs: number;
  /** Drivers that had attached to the rollout by then, of all attempts. */
  readonly driversBefore: number;
  readonly calls: SeenCall[];
}

/** How an attempt was sealed. */
export interface SeenSeal {
  readonly kind: "stopped" | "failed" | "cancelled";
  /** Stop reason, or code of the failure. */
  readonly reason: string;
}

/** An attempt as its messages tell it. */
export interface SeenAttempt {
  readonly attempt: number;
  readonly startedAtMs: number;
  readonly turns: SeenTurn[];
  readonly sandboxes: string[];
  /** Turns whose calls ran again in a new sandbox. */
  replayedTurns: number;
  drivers: number;
  seal: SeenSeal | null;
}

const NO_DIGEST = "0".repeat(64);

/** One rollout's log, message by message. */
export class SeenLog {
  readonly name: string;
  readonly attempts: SeenAttempt[] = [];
  readonly findings: Finding[] = [];
  /** Messages that a publisher's retry stored twice; readers count them once. */
  repeats = 0;
  #drivers = 0;
  #number = 0;
  #digest = NO_DIGEST;
  #lastAppend = "";

  constructor(name: string) {
    this.name = name;
  }

  /** To be called in the stream's order. */
  take(message: RawMessage): void {
    const append = message.headers.get("Rollyard-Append");
    if (append === undefined) return this.#find("invented", "a message that no driver has written");
    if (append === this.#lastAppend) {
      this.repeats += 1;
      return;
    }
    this.#lastAppend = append;
    const { events } = fromBinary(EventBatchSchema, message.payload);
    if (events[0]?.kind.case === "rolloutStarted") {
      this.#number = 0;
      this.#digest = NO_DIGEST;
    }
    this.#checkPlace(message);
    for (const event of events) this.#apply(event, message.storedAtMs);
    const attempt = Number(message.headers.get("Rollyard-Attempt"));
    if (attempt !== this.#last?.attempt)
      this.#find("damaged logs", `a message of attempt ${attempt} is out of place`);
  }

  get #last(): SeenAttempt | undefined {
    return this.attempts.at(-1);
  }

  #checkPlace({ headers, payload }: RawMessage): void {
    const digest = createHash("sha256").update(this.#digest, "hex").update(payload).digest("hex");
    this.#number += 1;
    this.#digest = digest;
    const number = Number(headers.get("Rollyard-N"));
    if (number !== this.#number)
      this.#find("damaged logs", `message ${number} where ${this.#number} was due`);
    if (headers.get("Rollyard-H") !== digest)
      this.#find("damaged logs", `the digest of message ${number} is wrong`);
  }

  #apply({ kind, atMs }: Event, storedAtMs: number): void {
    if (kind.case === "rolloutStarted") return this.#open(kind.value.attempt, storedAtMs);
    const attempt = this.#last;
    if (attempt === undefined) return this.#find("damaged logs", `${kind.case} before the start`);
    if (attempt.seal !== null) return this.#find("damaged logs", `${kind.case} after the seal`);
    switch (kind.case) {
      case "driverAttached":
        this.#drivers += 1;
        attempt.drivers += 1;
        return;
      case "sandboxLeased":
        attempt.sandboxes.push(kind.value.sandboxUid);
        return;
      case "sandboxReplayed":
        attempt.replayedTurns += 1;
        return;
      case "turnSampled":
        return this.#sampled(attempt, kind.value, storedAtMs);
      case "toolCalled":
        return this.#called(attempt, kind.value, atMs);
      case "toolReturned":
        return this.#returned(attempt, kind.value);
      default:
        attempt.seal = sealOf(kind);
    }
  }

  #open(attempt: number, startedAtMs: number): void {
    const last = this.#last;
    if (last !== undefined && last.seal === null) {
      this.#find("damaged logs", `attempt ${attempt} begins while ${last.attempt} has no end`);
    }
    if (last !== undefined && attempt <= last.attempt)
      this.#find("duplicated", `attempt ${attempt} begins twice`);
    this.attempts.push({
      attempt,
      startedAtMs,
      turns: [],
      sandboxes: [],
      replayedTurns: 0,
      drivers: 0,
      seal: null,
    });
  }

  #sampled(attempt: SeenAttempt, value: TurnSampled, storedAtMs: number): void {
    if (value.turn < attempt.turns.length)
      this.#find("re-sampled turns", `turn ${value.turn} is on record twice`);
    if (value.turn > attempt.turns.length) this.#find("damaged logs", `turn ${value.turn} is out of order`);
    const message = JSON.parse(textOf(value.messageJson)) as { readonly content?: string | null };
    attempt.turns.push({
      id: value.usage?.completionTokens ?? 0,
      content: message.content ?? "",
      storedAtMs,
      driversBefore: this.#drivers,
      calls: [],
    });
  }

  #called(attempt: SeenAttempt, value: ToolCalled, calledAtMs: number): void {
    const calls = attempt.turns[value.turn]?.calls;
    if (calls === undefined || value.index !== calls.length) {
      return this.#find("damaged logs", `call ${value.turn}/${value.index} is out of place`);
    }
    const argumentsJson = textOf(value.argumentsJson);
    calls.push({ name: value.name, argumentsJson, calledAtMs, output: null, result: "" });
  }

  #returned(attempt: SeenAttempt, value: ToolReturned): void {
    const call = attempt.turns[value.turn]?.calls[value.index];
    const where = `call ${value.turn}/${value.index}`;
    if (call === undefined) return this.#find("damaged logs", `${where} returns without being made`);
    const output = textOf(value.output);
    if (call.output === null) {
      call.output = output;
      call.result = value.result;
    } else if (call.output !== output) this.#find("tools run twice", `${where} has two outputs`);
  }

  #find(kind: FindingKind, what: string): void {
    this.findings.push({ kind, what: `rollout ${this.name}: ${what}` });
  }
}

/** Null for what seals nothing. */
function sealOf(kind: Event["kind"]): SeenSeal | null {
  switch (kind.case) {
    case "rolloutStopped":
      return { kind: "stopped", reason: kind.value.reason };
    case "attemptFailed":
      return { kind: "failed", reason: kind.value.code };
    case "rolloutCancelled":
      return { kind: "cancelled", reason: kind.value.code };
    default:
      return null;
  }
}

/** A run's texts are short: none of them is a blob. */
function textOf(text: Text | undefined): string {
  return text?.place.case === "inline" ? text.place.value : "";
}
