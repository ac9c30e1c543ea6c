import type { AttemptState } from "../../../../src/rollout/state.ts";
import type { FarmWatcher } from "../sandbox-farm.ts";
import type { SimProcess } from "../sim-process.ts";
import type { SandboxAct, SimulatedSandboxd } from "../simulated-sandboxd.ts";
import type { TraceReferee } from "./trace-referee.ts";

/** What is done in the sandboxes of traces. */
export class TraceActs implements FarmWatcher {
  readonly #referee: TraceReferee;
  /** Commands that ran. */
  readonly #executed = new Set<string>();
  /** Where the commands of a trace run. */
  readonly #places = new Map<string, string>();

  constructor(referee: TraceReferee) {
    this.#referee = referee;
  }

  /** A command runs once, after its record and before the seal, in the one sandbox of its trace. */
  executed({ sandbox }: SandboxAct, name: string): void {
    const match = /-(\d+-\d+)\/0\/(\d+)\/(\d+)/u.exec(name);
    const [callId = "", token = "", turn, index] = match ?? [];
    const blame = (problem: string): void => this.#referee.blame(`command ${callId} ${problem}`);
    if (this.#executed.has(callId)) blame("ran twice");
    this.#executed.add(callId);
    const untimely = untimelyOf(this.#referee.attempt(token), Number(turn), Number(index));
    if (untimely !== null) blame(untimely);
    const place = this.#places.get(token) ?? sandbox.uid;
    this.#places.set(token, place);
    if (place !== sandbox.uid) blame(`ran in ${sandbox.uid}, others of its trace in ${place}`);
  }

  frozen({ sandbox, claims }: SandboxAct): void {
    const token = /-(\d+-\d+)$/u.exec(claims.rollout)?.[1] ?? "";
    if (this.#referee.attempt(token)?.seal?.kind !== "stopped")
      this.#referee.blame(`sandbox ${sandbox.uid} was frozen before the grade of ${token} was asked for`);
  }

  /** Ours end only sandboxes that nobody holds, or whose lease they retired first. */
  stopping(sandbox: SimulatedSandboxd, by: SimProcess): void {
    const lease = this.#referee.leases.get(sandbox.uid);
    if (lease?.state === "leased")
      this.#referee.blame(`${by.name} ended sandbox ${sandbox.uid}, which ${lease.holder} holds`);
  }
}

function untimelyOf(attempt: AttemptState | null, turn: number, index: number): string | null {
  if (attempt?.turns[turn]?.calls[index] === undefined) return "ran before its record";
  return attempt.seal === null ? null : "ran after its trace was closed";
}
