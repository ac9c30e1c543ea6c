import { traceOwner } from "../../../../src/bus/subjects.ts";
import type { StoredMessage } from "../../../../src/bus/port.ts";
import type { StreamName } from "../../../../src/bus/streams.ts";
import { outcomeSummary } from "../../../../src/job/outcome-summary.ts";
import type { OutcomeSummary } from "../../../../src/job/outcome-summary.ts";
import { EMPTY_ROLLOUT, foldMessage } from "../../../../src/rollout/fold.ts";
import { decodeLogMessage } from "../../../../src/rollout/log-message.ts";
import type { AttemptState, RolloutState } from "../../../../src/rollout/state.ts";
import { rolloutToken } from "../../../../src/bus/subjects.ts";
import { traceRef } from "../../../../src/trace/trace-ref.ts";
import { judgeLease } from "../rules/lease.ts";
import type { LeaseBook } from "../rules/lease.ts";
import { judgeOutcome } from "../rules/outcome.ts";
import type { Schedule } from "../schedule.ts";
import { judgeTraceLog } from "./judge-trace-log.ts";
import type { GatewayAnswer } from "./run-gateway.ts";
import { SERVED } from "./served-trace.ts";

/** Watches all that is stored, run and answered of traces and says, as a sentence, where the promise is broken. */
export class TraceReferee {
  readonly problems: string[] = [];
  /** Each trace's log, folded, by `<item>-<sample>`. */
  readonly logs = new Map<string, RolloutState>();
  readonly outcomes = new Map<string, readonly OutcomeSummary[]>();
  readonly leases: LeaseBook = new Map();
  readonly #schedule: Schedule;
  readonly #isAlive: (sandboxUid: string) => boolean;
  readonly #onProblem: () => void;
  /** When a log's last message was stored. */
  readonly #heardAtMs = new Map<string, number>();
  readonly #clocksOffMs: number;

  constructor(
    schedule: Schedule,
    { isAlive, onProblem }: { readonly isAlive: (uid: string) => boolean; readonly onProblem: () => void },
  ) {
    this.#schedule = schedule;
    this.#isAlive = isAlive;
    this.#onProblem = onProblem;
    this.#clocksOffMs = schedule.faults.reduce(
      (sum, fault) => sum + (fault.kind === "clock" ? Math.abs(fault.byMs) : 0),
      0,
    );
  }

  /** Notes problems that others found. */
  blame(...problems: readonly string[]): void {
    this.problems.push(...problems);
    if (problems.length > 0) this.#onProblem();
  }

  /** A trace's one attempt as its log says. */
  attempt(token: string): AttemptState | null {
    return this.logs.get(token)?.attempts.at(-1) ?? null;
  }

  stored(stream: StreamName, message: StoredMessage, client: string): void {
    if (stream === "events") this.#event(message, client);
    if (stream === "outcomes") this.#outcome(message, client);
    if (stream === "leases") this.#lease(message);
  }

  /** A gateway has an answer: what it says must be on record by then. */
  answered(request: string, { status, body }: GatewayAnswer): void {
    if (status !== 200) return;
    const { trace_id: traceId, call_id: callId } = JSON.parse(request) as {
      readonly trace_id: string;
      readonly call_id?: string;
    };
    const token = rolloutToken(traceRef(SERVED, traceId));
    if (callId === undefined) return this.#scored(token, body["score"]);
    const calls = this.attempt(token)?.turns.flatMap((turn) => turn.calls) ?? [];
    const stored = calls.find((call) => call.callId === callId)?.returned?.output;
    if (stored === undefined) this.blame(`${callId} of ${token} was answered without a record of it`);
    else if (stored !== body["output"]) this.blame(`${callId} of ${token} was answered with another output`);
  }

  #scored(token: string, score: unknown): void {
    const [outcome] = this.outcomes.get(token) ?? [];
    const recorded = outcome?.end.kind === "graded" ? outcome.end.reward : outcome?.end.code;
    if (recorded !== score) this.blame(`${token} was answered with score ${String(score)}, not ${recorded}`);
  }

  #event(message: StoredMessage, client: string): void {
    const token = message.subject.split(".").at(-1) ?? "";
    const before = this.logs.get(token) ?? EMPTY_ROLLOUT;
    const silentMs = message.storedAtMs - (this.#heardAtMs.get(token) ?? message.storedAtMs);
    this.#heardAtMs.set(token, message.storedAtMs);
    try {
      const decoded = decodeLogMessage(message);
      const after = foldMessage(before, decoded);
      this.logs.set(token, after);
      const step = { token, before, after, events: decoded.events ?? [], client, silentMs };
      const clocksOffMs = this.#clocksOffMs;
      this.blame(...judgeTraceLog({ ...step, clocksOffMs }));
    } catch (error) {
      this.blame(`the log of ${token} does not fold: ${JSON.stringify(error)}`);
    }
  }

  #outcome(message: StoredMessage, client: string): void {
    const outcome = outcomeSummary(message);
    const token = message.subject.split(".").at(-1) ?? "";
    if (outcome === null || !message.subject.includes(`.${traceOwner(SERVED.environmentUid)}.`))
      return this.blame(`an outcome that is none: ${message.subject}`);
    const earlier = this.outcomes.get(token) ?? [];
    this.outcomes.set(token, [...earlier, outcome]);
    const record = { logs: this.logs, dispatched: new Set<string>(), schedule: this.#schedule };
    this.blame(...judgeOutcome(record, { token, outcome, earlier, client, payload: message.payload }));
  }

  /** A trace has one sandbox at a time. */
  #lease(message: StoredMessage): void {
    this.blame(...judgeLease(this.leases, message));
    const uid = message.subject.split(".").at(-1) ?? "";
    const lease = this.leases.get(uid);
    if (lease?.state !== "leased") return;
    const others = [...this.leases].filter(
      ([other, { holder, state }]) =>
        other !== uid && holder === lease.holder && state === "leased" && this.#isAlive(other),
    );
    this.blame(...others.map(([other]) => `${lease.holder} has sandbox ${other}, and ${uid} too`));
  }
}
