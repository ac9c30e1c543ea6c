import { RollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import { errorOfFailure } from "../rollout/failure-record.ts";
import type { ClosableSandboxSession } from "./closable-session.ts";
import type { ClaimAnswer, GrantedLease } from "./claim-reply.ts";
import type { ExecRequest, ExecResult, SandboxEndpoint } from "./port.ts";
import type { SandboxTree, TreeLimits } from "./sandbox-tree.ts";

/** Opens a session; `token` gives the newest token at each call, `renew` gets a newer one for one that is refused. */
export type OpenSession = (options: {
  readonly endpoint: SandboxEndpoint;
  readonly sandboxUid: string;
  readonly token: () => string;
  readonly renew: (signal?: AbortSignal) => Promise<void>;
}) => ClosableSandboxSession;

/** What a leased session works with. */
export interface LeasedSessionOptions {
  readonly endpoint: SandboxEndpoint;
  readonly lease: GrantedLease;
  readonly clock: Clock;
  readonly openSession: OpenSession;
  /** Claims again, for the same generation; null when nobody answers. */
  readonly ask: () => Promise<ClaimAnswer | null>;
}

// When a sandbox does not answer, the broker is asked what became of it. On this machine it hears of an end in milliseconds; on
// a cluster the kubelet looks once a second, and says the whole of it after the container's end.
const FATE_PAUSES_MS = [0, 300, 1_000, 2_000, 4_000, 8_000];
const LEAST_RENEWAL_MS = 1_000;
const SILENCE_PAUSE_MS = 1_000;

/**
 * A sandbox under a lease. Renews the token at half of its life until closed, and turns `sandbox_unreachable` into
 * what the broker knows: `sandbox_killed` (the agent's doing), `sandbox_lost`, or `sandbox_fenced` (the attempt ended).
 */
export class LeasedSession implements ClosableSandboxSession {
  readonly sandboxUid: string;
  readonly #options: LeasedSessionOptions;
  readonly #session: ClosableSandboxSession;
  readonly #closing = new AbortController();
  #token: string;

  constructor(options: LeasedSessionOptions) {
    const { lease, endpoint, openSession } = options;
    this.#options = options;
    this.#token = lease.token;
    this.sandboxUid = lease.sandboxUid;
    this.#session = openSession({
      endpoint,
      sandboxUid: lease.sandboxUid,
      token: () => this.#token,
      renew: (signal) => this.#renewNow(signal),
    });
    void this.#renewals(lease.expiresAtMs);
  }

  exec(request: ExecRequest, signal?: AbortSignal): Promise<ExecResult> {
    return this.#call(() => this.#session.exec(request, signal));
  }

  readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    return this.#call(() => this.#session.readFile(path, maxBytes));
  }

  writeFile(path: string, content: Uint8Array, callId: string, mode?: number): Promise<void> {
    return this.#call(() => this.#session.writeFile(path, content, callId, mode));
  }

  readTree(path: string, limits: TreeLimits): Promise<SandboxTree> {
    return this.#call(() => this.#session.readTree(path, limits));
  }

  freeze(): Promise<void> {
    return this.#call(() => this.#session.freeze());
  }

  /** Ends the renewals and drops the connections; the sandbox itself goes on until it is released. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#session.close();
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RollyardError) || error.code !== "sandbox_unreachable") throw error;
      throw await this.#fate(error);
    }
  }

  async #fate(unreachable: RollyardError): Promise<RollyardError> {
    for (const pause of FATE_PAUSES_MS) {
      await this.#options.clock.sleep(pause, this.#closing.signal);
      const answer = await this.#options.ask();
      if (answer?.kind === "failed") return errorOfFailure(answer.failure, unreachable);
      if (answer?.kind === "gone") {
        const details = { reason: answer.reason, sandbox: this.sandboxUid };
        return new RollyardError("sandbox_fenced", { details, cause: unreachable });
      }
    }
    return unreachable;
  }

  async #renewals(firstExpiryMs: number): Promise<void> {
    const { clock } = this.#options;
    let expiresAtMs = firstExpiryMs;
    while (!this.#closing.signal.aborted) {
      const pauseMs = Math.max(LEAST_RENEWAL_MS, (expiresAtMs - clock.nowMs()) / 2);
      await clock.sleep(pauseMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      const answer = await this.#renew();
      // An ended sandbox needs no token; its next call finds out and asks.
      if (answer?.kind === "failed" || answer?.kind === "gone") return;
      if (answer?.kind === "lease") expiresAtMs = answer.lease.expiresAtMs;
    }
  }

  /**
   * A token was refused: the wall clock has jumped past it (a suspended machine, a corrected clock). Resolves with a
   * fresh one, however long the broker is silent.
   */
  async #renewNow(signal: AbortSignal | undefined): Promise<void> {
    const ends = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const end = AbortSignal.any(ends);
    while (!end.aborted && (await this.#renew()) === null)
      await this.#options.clock.sleep(SILENCE_PAUSE_MS, end);
  }

  /** Asks once; null when nobody answers. */
  async #renew(): Promise<ClaimAnswer | null> {
    const answer = await this.#options.ask();
    if (answer?.kind === "lease" && answer.lease.sandboxUid === this.sandboxUid)
      this.#token = answer.lease.token;
    return answer;
  }
}
