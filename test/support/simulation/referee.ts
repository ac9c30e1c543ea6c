import type { StoredMessage } from "../../../src/bus/port.ts";
import type { StreamName, WorkKind } from "../../../src/bus/streams.ts";
import { outcomeSummary } from "../../../src/job/outcome-summary.ts";
import type { OutcomeSummary } from "../../../src/job/outcome-summary.ts";
import { EMPTY_ROLLOUT, foldMessage } from "../../../src/rollout/fold.ts";
import { decodeLogMessage } from "../../../src/rollout/log-message.ts";
import type { AttemptState, RolloutState } from "../../../src/rollout/state.ts";
import type { Drivers } from "./drivers.ts";
import { judgeDispatch } from "./rules/dispatch.ts";
import { judgeLease } from "./rules/lease.ts";
import type { LeaseBook } from "./rules/lease.ts";
import { judgeOutcome } from "./rules/outcome.ts";
import { judgeLog } from "./rules/log.ts";
import type { Schedule } from "./schedule.ts";

/** All that a rule looks at beside the message itself. */
export interface Record {
  readonly schedule: Schedule;
  readonly drivers: Drivers;
  /** Each rollout's log, folded, by `<item>-<sample>`. */
  readonly logs: Map<string, RolloutState>;
  /** Each rollout's outcomes as they were stored, whatever the stream holds now. */
  readonly outcomes: Map<string, readonly OutcomeSummary[]>;
  /** `<item>-<sample>/<attempt>` of every assignment. */
  readonly dispatched: Set<string>;
  readonly leases: LeaseBook;
  /** Stream sequences of each driver's `driver.attached`, by `<item>-<sample>/<attempt>/<driver>`. */
  readonly attaches: Map<string, readonly number[]>;
  /** Attempts whose model call was given up at the agent's deadline, by rollout index. */
  readonly deadlines: Set<number>;
}

/** Watches everything that is stored and says, as a sentence, where the promise is broken. */
export class Referee {
  readonly problems: string[] = [];
  /** Messages stored so far. */
  storedCount = 0;
  readonly record: Record;
  readonly #onProblem: () => void;

  constructor(schedule: Schedule, drivers: Drivers, onProblem: () => void) {
    this.#onProblem = onProblem;
    this.record = {
      schedule,
      drivers,
      logs: new Map(),
      outcomes: new Map(),
      dispatched: new Set(),
      leases: new Map(),
      attaches: new Map(),
      deadlines: new Set(),
    };
  }

  /** Notes problems that others found. */
  blame(...problems: readonly string[]): void {
    this.problems.push(...problems);
    if (problems.length > 0) this.#onProblem();
  }

  stored(stream: StreamName, message: StoredMessage, client: string): void {
    this.storedCount += 1;
    if (stream === "events") this.#event(message);
    if (stream === "outcomes") this.#outcome(message, client);
    if (stream === "work") this.blame(...judgeDispatch(this.record, message, client));
    if (stream === "leases") this.blame(...judgeLease(this.record.leases, message));
  }

  /** A worker's assignment was not beaten for. */
  expired(kind: WorkKind, message: StoredMessage): void {
    if (kind !== "rollout") return;
    const token = message.subject.split(".").at(-2) ?? "";
    const attempt = this.attempt(token);
    const driver = attempt?.driver ?? null;
    if (attempt === null || driver === null || attempt.seal !== null) return;
    if (this.record.drivers.isUndisturbed(driver.id))
      this.blame(`${driver.id} lives, drives ${token} by its log, and let its assignment go`);
  }

  /** The rollout's current attempt as its log says. */
  attempt(token: string): AttemptState | null {
    return this.record.logs.get(token)?.attempts.at(-1) ?? null;
  }

  #event(message: StoredMessage): void {
    const token = message.subject.split(".").at(-1) ?? "";
    const before = this.record.logs.get(token) ?? EMPTY_ROLLOUT;
    try {
      const decoded = decodeLogMessage(message);
      const after = foldMessage(before, decoded);
      this.record.logs.set(token, after);
      if (after.voidMessages > before.voidMessages) return;
      this.blame(...judgeLog(this.record, { token, before, after, events: decoded.events ?? [] }));
    } catch (error) {
      this.blame(`the log of ${token} does not fold: ${JSON.stringify(error)}`);
    }
  }

  #outcome(message: StoredMessage, client: string): void {
    const outcome = outcomeSummary(message);
    if (outcome === null) return;
    const token = message.subject.split(".").at(-1) ?? "";
    const earlier = this.record.outcomes.get(token) ?? [];
    this.record.outcomes.set(token, [...earlier, outcome]);
    this.blame(...judgeOutcome(this.record, { token, outcome, earlier, client, payload: message.payload }));
  }
}
