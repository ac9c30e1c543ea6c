import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Messenger } from "../bus/port.ts";
import { claimSubject } from "../bus/subjects.ts";
import { isErrorCode } from "../errors/codes.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { ClaimReplySchema, ClaimRequestSchema } from "../gen/rollyard/v1/requests_pb.ts";
import type { ClaimReply, Lease } from "../gen/rollyard/v1/requests_pb.ts";
import { assertNever } from "../lib/assert-never.ts";
import type { Clock } from "../lib/clock.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { CleanSandbox } from "./clean-sandbox.ts";
import type { GradeTask } from "./grade-request.ts";

/** A session that holds connections until it is closed. */
export interface ClosableSession extends SandboxSession {
  close(): Promise<void>;
}

/** What a claimed sandbox needs of the world. */
export interface ClaimDeps {
  readonly messenger: Messenger;
  readonly clock: Clock;
  /** Opens a session; `token` gives the lease token of now. */
  readonly connect: (lease: { sandboxUid: string; endpoint: string }, token: () => string) => ClosableSession;
}

/** The broker answers within 5 s. */
const ANSWER_MS = 7_000;
const ASK_AGAIN_MS = 250;
/** A token that lives less long is renewed before the next run. */
const LEAST_TOKEN_MS = 240_000;

interface Held {
  readonly session: ClosableSession;
  lease: Lease;
}

/** The clean sandbox of one grading, claimed from the broker for purpose `grade` when it is first opened. */
export class ClaimedCleanSandbox implements CleanSandbox {
  readonly #deps: ClaimDeps;
  readonly #task: GradeTask;
  #held: Held | null = null;
  #opening: Promise<SandboxSession> | null = null;
  #generation = 0;
  #lostSandboxUid = "";

  constructor(task: GradeTask, deps: ClaimDeps) {
    this.#task = task;
    this.#deps = deps;
  }

  /** Sub-graders that open at once share one claim. */
  open(signal: AbortSignal): Promise<SandboxSession> {
    this.#opening ??= this.#open(signal).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  discard(sandboxUid: string): void {
    if (this.#held?.session.sandboxUid !== sandboxUid) return;
    void this.#held.session.close();
    this.#held = null;
    this.#generation += 1;
    this.#lostSandboxUid = sandboxUid;
  }

  async close(): Promise<void> {
    await this.#held?.session.close();
    this.#held = null;
  }

  async #open(signal: AbortSignal): Promise<SandboxSession> {
    const held = this.#held;
    if (held !== null && held.lease.expiresAtMs - this.#deps.clock.nowMs() > LEAST_TOKEN_MS)
      return held.session;
    const lease = await this.#claim(signal);
    if (held !== null && held.session.sandboxUid === lease.sandboxUid) {
      held.lease = lease;
      return held.session;
    }
    await held?.session.close();
    return this.#connect(lease).session;
  }

  #connect(lease: Lease): Held {
    const held: { lease: Lease; session: ClosableSession } = {
      lease,
      session: this.#deps.connect(lease, () => held.lease.token),
    };
    this.#held = held;
    return held;
  }

  /** Asks until the broker decides; no broker is a change of leaders, which costs nothing but time. */
  async #claim(signal: AbortSignal): Promise<Lease> {
    const { ref, lastSequence } = this.#task;
    const subject = claimSubject(ref.namespace, ref.environmentUid);
    const request = toBinary(
      ClaimRequestSchema,
      create(ClaimRequestSchema, {
        ref,
        purpose: "grade",
        generation: this.#generation,
        lostSandboxUid: this.#lostSandboxUid,
        epoch: BigInt(lastSequence),
      }),
    );
    for (;;) {
      signal.throwIfAborted();
      const result = await this.#deps.messenger.request(subject, request, ANSWER_MS);
      const lease = result.kind === "reply" ? leaseOf(fromBinary(ClaimReplySchema, result.payload)) : null;
      if (lease !== null) return lease;
      await this.#deps.clock.sleep(ASK_AGAIN_MS, signal);
    }
  }
}

/** The lease, or null to ask again. Throws what the broker says can't be had. */
function leaseOf({ kind }: ClaimReply): Lease | null {
  switch (kind.case) {
    case "lease":
      return kind.value;
    case "pending":
    case undefined:
      return null;
    case "failed": {
      const { code, cause, evidence } = kind.value;
      throw new RollyardError(isErrorCode(code) ? code : "sandbox_start_failed", {
        message: cause,
        details: evidence,
      });
    }
    case "gone":
      throw new RollyardError("sandbox_lost", { message: "The attempt holds no sandbox any more." });
    default:
      return assertNever(kind);
  }
}
