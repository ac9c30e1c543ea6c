import { rolloutToken } from "../../../../src/bus/subjects.ts";
import { placeOfIndex } from "../../../../src/rollout/ids.ts";
import type { FarmWatcher } from "../sandbox-farm.ts";
import type { Referee } from "../referee.ts";
import type { SimProcess } from "../sim-process.ts";
import type { SandboxAct, SimulatedSandboxd } from "../simulated-sandboxd.ts";

/** What is done outside the bus: model calls, commands in sandboxes, the end of sandboxes. */
export class ActRules implements FarmWatcher {
  readonly #referee: Referee;
  /** Commands that ran, with their sandboxes. */
  readonly #executed = new Set<string>();
  readonly #places = new Map<string, Set<string>>();
  /** Model calls of drivers that were fenced, by driver, rollout and attempt. */
  readonly #late = new Map<string, number>();
  /** Where the newest driver that acted in a sandbox attached. */
  readonly #newest = new Map<string, number>();

  constructor(referee: Referee) {
    this.#referee = referee;
  }

  /** What is on record is not sampled again; a driver that was fenced notices it at its next record. */
  modelCalled(process: SimProcess, rollout: number, turn: number): void {
    const { schedule, drivers } = this.#referee.record;
    const token = rolloutToken(placeOfIndex(rollout, schedule.shape.samplesPerItem));
    const attempt = this.#referee.attempt(token);
    if (attempt === null || attempt.attempt !== drivers.attemptOf(process.name, rollout)) return;
    if (attempt.driver?.id === process.name) {
      if (turn < attempt.turns.length)
        this.#referee.blame(`${process.name} samples turn ${turn} of ${token} though it is on record`);
      return;
    }
    const key = `${process.name}/${token}/${attempt.attempt}`;
    const calls = (this.#late.get(key) ?? 0) + 1;
    this.#late.set(key, calls);
    if (calls > 1) this.#referee.blame(`${process.name} samples on in ${token} after it was fenced`);
  }

  /** A command runs once, after its record is stored, for the newest driver of the sandbox's one attempt. */
  executed(act: SandboxAct, callId: string): void {
    const key = `${callId} in ${act.sandbox.uid}`;
    if (this.#executed.has(key)) this.#referee.blame(`command ${key} ran twice`);
    this.#executed.add(key);
    this.#judgePlace(act, callId);
    if (!this.#isRecorded(callId)) this.#referee.blame(`command ${callId} ran before its record`);
    if (!callId.startsWith(`${act.claims.rollout}/${act.claims.attempt}/`))
      this.#referee.blame(`command ${callId} ran for ${act.claims.rollout}/${act.claims.attempt}`);
    this.#judgeOrder(act, `command ${callId}`);
  }

  frozen(act: SandboxAct): void {
    this.#judgeOrder(act, "a freeze");
  }

  /** Ours end only sandboxes that nobody holds, or whose lease they retired first. */
  stopping(sandbox: SimulatedSandboxd, by: SimProcess): void {
    const lease = this.#referee.record.leases.get(sandbox.uid);
    if (lease?.state === "leased" && !by.isClosing)
      this.#referee.blame(`${by.name} ended sandbox ${sandbox.uid}, which ${lease.holder} holds`);
  }

  /** A command runs in one sandbox, and in another only when the attempt's own was lost and is replayed. */
  #judgePlace({ sandbox }: SandboxAct, callId: string): void {
    const places = this.#places.get(callId) ?? new Set();
    this.#places.set(callId, places.add(sandbox.uid));
    const isReplay = this.#referee.record.schedule.shape.recovery === "replay";
    if (places.size > 1 && !isReplay)
      this.#referee.blame(`command ${callId} ran in ${places.size} sandboxes`);
  }

  /** A driver acts under its own epoch, and no more once a newer one has acted in the sandbox. */
  #judgeOrder({ sandbox, by, claims }: SandboxAct, what: string): void {
    const place = /-(\d+-\d+)$/u.exec(claims.rollout)?.[1] ?? "";
    const attaches = this.#referee.record.attaches.get(`${place}/${claims.attempt}/${by}`) ?? [];
    if (!attaches.includes(claims.epoch))
      this.#referee.blame(`${what} by ${by} under epoch ${claims.epoch}; it attached at ${attaches.join()}`);
    const newest = this.#newest.get(sandbox.uid) ?? 0;
    if (claims.epoch < newest)
      this.#referee.blame(`${what} by ${by} after a newer driver had acted in ${sandbox.uid}`);
    this.#newest.set(sandbox.uid, Math.max(claims.epoch, newest));
  }

  #isRecorded(callId: string): boolean {
    const match = /-(\d+)-(\d+)\/(\d+)\/(\d+)\/(\d+)$/u.exec(callId);
    if (match === null) return false;
    const [, item, sample, attempt, turn, index] = match;
    const log = this.#referee.record.logs.get(`${item}-${sample}`);
    const found = log?.attempts.find((candidate) => candidate.attempt === Number(attempt));
    return found?.turns[Number(turn)]?.calls[Number(index)] !== undefined;
  }
}
