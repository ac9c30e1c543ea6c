import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { Clock } from "../../../src/lib/clock.ts";
import { refKey } from "../../../src/rollout/attempt-ref.ts";
import type { AttemptRef } from "../../../src/rollout/attempt-ref.ts";
import { failureRecord } from "../../../src/rollout/failure-record.ts";
import type { ClaimOutcome, SandboxClaim, SandboxClaims } from "../../../src/rollout/sandbox-lease.ts";
import type { ExecRequest, ExecResult, SandboxSession } from "../../../src/sandbox/port.ts";
import type { SeededRandom } from "./random.ts";

interface Box {
  readonly uid: string;
  epoch: number;
  isLost: boolean;
  readonly answers: Map<string, Promise<ExecResult>>;
}

/** Sandboxes as sandboxd and the broker promise them: one per attempt, each call at most once, fenced by epoch. */
export class SimulatedSandboxes implements SandboxClaims {
  /** How often each call id really ran. */
  readonly executions = new Map<string, number>();
  readonly released = new Set<string>();
  readonly #boxes = new Map<string, Box>();
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #lossChance: number;

  constructor(clock: Clock, random: SeededRandom, lossChance: number) {
    this.#clock = clock;
    this.#random = random;
    this.#lossChance = lossChance;
  }

  async claim(claim: SandboxClaim, signal: AbortSignal): Promise<ClaimOutcome> {
    await this.#clock.sleep(this.#random.between(1, 400), signal);
    if (signal.aborted) return { kind: "gone" };
    const key = refKey(claim.ref);
    const known = this.#boxes.get(key);
    if (known?.isLost === true || claim.lostSandboxUid !== null) {
      return { kind: "failed", failure: failureRecord(new RollyardError("sandbox_lost")) };
    }
    const box = known ?? { uid: `box-${this.#boxes.size}`, epoch: 0, isLost: false, answers: new Map() };
    this.#boxes.set(key, box);
    box.epoch = Math.max(box.epoch, claim.epoch);
    const lease = { sandboxUid: box.uid, generation: 0, source: "cold", waitedMs: 1 } as const;
    return { kind: "leased", session: this.#session(box, claim.epoch), lease, close: async () => undefined };
  }

  release(ref: AttemptRef): void {
    this.released.add(refKey(ref));
  }

  #session(box: Box, epoch: number): SandboxSession {
    return {
      sandboxUid: box.uid,
      exec: async (request) => {
        await this.#clock.sleep(this.#random.between(1, 20));
        if (box.isLost || this.#random.chance(this.#lossChance)) {
          box.isLost = true;
          throw new RollyardError("sandbox_unreachable");
        }
        if (epoch < box.epoch) throw new RollyardError("sandbox_fenced");
        const known = box.answers.get(request.callId);
        if (known !== undefined) return { ...(await known), replayed: true };
        const running = this.#execute(request);
        box.answers.set(request.callId, running);
        return running;
      },
      readFile: async () => null,
      writeFile: async () => undefined,
      freeze: async () => undefined,
    };
  }

  async #execute(request: ExecRequest): Promise<ExecResult> {
    this.executions.set(request.callId, (this.executions.get(request.callId) ?? 0) + 1);
    const durationMs = this.#random.between(1, 300);
    await this.#clock.sleep(durationMs);
    const streams = { stdout: `ran ${request.callId}`, stderr: "", truncatedBytes: 0, invalidBytes: 0 };
    const end = { exitCode: 0, signal: "", timedOut: false, outOfMemory: false, durationMs, replayed: false };
    return { ...streams, ...end };
  }
}
