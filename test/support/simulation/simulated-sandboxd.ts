import type { SandboxdAnswer, SandboxdRequest } from "../../../src/sandbox/sandboxd-transport.ts";
import type { SandboxEnd } from "../../../src/sandbox/port.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Who sends a request, as the lease token says it. */
export interface LeaseClaims {
  readonly aud: string;
  readonly rollout: string;
  readonly attempt: number;
  readonly epoch: number;
  /** Seconds since the Unix epoch. */
  readonly exp: number;
}

/** Who does something to a sandbox. */
export interface SandboxAct {
  readonly sandbox: SimulatedSandboxd;
  /** Name of the process. */
  readonly by: string;
  readonly claims: LeaseClaims;
}

/** What a sandbox tells whoever watches it. */
export interface SandboxdWatcher {
  /** A command really starts. */
  executed(act: SandboxAct, callId: string): void;
  frozen(act: SandboxAct): void;
}

/** What a sandboxd runs on. */
export interface SandboxdParts {
  readonly uid: string;
  readonly clock: VirtualClock;
  readonly wallMs: () => number;
  readonly watcher: SandboxdWatcher;
  readonly durationMs: () => number;
}

/** What a command prints: `note TEXT` keeps a text, `notes` shows all that were kept. */
const NOTE = "note";
const NOTES = "notes";

interface Call {
  readonly asked: string;
  readonly answer: Promise<SandboxdAnswer | null>;
}

/**
 * A sandboxd as services/sandboxd is: bound to the first rollout and attempt, fenced by epoch, each call at most once,
 * its answer kept; frozen on demand.
 */
export class SimulatedSandboxd {
  readonly uid: string;
  /** Resolves once, when it has ended. */
  readonly ended: Promise<SandboxEnd>;
  end: SandboxEnd | null = null;
  readonly #parts: SandboxdParts;
  readonly #calls = new Map<string, Call>();
  readonly #running = new Set<AbortController>();
  readonly #notes: string[] = [];
  #binding: LeaseClaims | null = null;
  #isFrozen = false;
  #highestEpoch = 0;
  #resolveEnd: (end: SandboxEnd) => void = () => undefined;

  constructor(parts: SandboxdParts) {
    this.uid = parts.uid;
    this.#parts = parts;
    this.ended = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
  }

  /** Ends it, with every command in it. */
  finish(end: SandboxEnd): void {
    if (this.end !== null) return;
    this.end = end;
    for (const running of this.#running) running.abort();
    this.#resolveEnd(end);
  }

  /** Answers a request; null when the connection breaks instead. */
  async handle(request: SandboxdRequest, by: string): Promise<SandboxdAnswer | null> {
    if (this.end !== null) return null;
    const claims = claimsOf(request.headers["authorization"] ?? "");
    const isValid = claims.aud === this.uid && claims.exp * 1000 > this.#parts.wallMs();
    if (!isValid) return refusal(401, "token_expired");
    const admitted = this.#admit(claims);
    if (admitted !== null) return admitted;
    const act = { sandbox: this, by, claims };
    if (request.path === "/v1/freeze") return this.#freeze(act);
    if (request.path === "/v1/exec") return this.#exec(String(request.body), act);
    return refusal(404, "not_found");
  }

  #admit(claims: LeaseClaims): SandboxdAnswer | null {
    const bound = (this.#binding ??= claims);
    if (bound.rollout !== claims.rollout || bound.attempt !== claims.attempt)
      return refusal(409, "bound_elsewhere");
    if (claims.epoch < this.#highestEpoch) return refusal(409, "stale_epoch");
    this.#highestEpoch = Math.max(this.#highestEpoch, claims.epoch);
    return null;
  }

  #freeze(act: SandboxAct): SandboxdAnswer {
    this.#isFrozen = true;
    for (const running of this.#running) running.abort();
    this.#parts.watcher.frozen(act);
    return answer(200, { frozen: true });
  }

  async #exec(body: string, act: SandboxAct): Promise<SandboxdAnswer | null> {
    // The time that the sender had left is no part of what it asks for.
    const {
      call_id: callId,
      timeout_ms: _,
      ...rest
    } = JSON.parse(body) as { call_id: string; timeout_ms: number };
    const asked = JSON.stringify(rest);
    const known = this.#calls.get(callId);
    if (known !== undefined) {
      if (known.asked !== asked) return refusal(422, "call_id_reused");
      const stored = await known.answer;
      return stored === null ? null : replayed(stored);
    }
    if (this.#isFrozen) return refusal(409, "frozen");
    this.#parts.watcher.executed(act, callId);
    const running = this.#run(callId, (JSON.parse(body) as { argv: readonly string[] }).argv);
    this.#calls.set(callId, { asked, answer: running });
    return running;
  }

  async #run(callId: string, argv: readonly string[]): Promise<SandboxdAnswer | null> {
    const stop = new AbortController();
    const stdout = this.#printed(callId, argv);
    const durationMs = this.#parts.durationMs();
    this.#running.add(stop);
    await this.#parts.clock.sleep(durationMs, stop.signal);
    this.#running.delete(stop);
    if (this.end !== null) return null;
    const killed = stop.signal.aborted ? { exit_code: 137, signal: "KILL" } : { exit_code: 0, signal: "" };
    return answer(200, { ...killed, stdout, stderr: "", duration_ms: durationMs });
  }

  #printed(callId: string, [command, text = ""]: readonly string[]): string {
    if (command === NOTES) return this.#notes.join("\n");
    if (command === NOTE) this.#notes.push(text);
    return `ran ${callId}`;
  }
}

function claimsOf(token: string): LeaseClaims {
  const [, body = ""] = token.split(".");
  return JSON.parse(Buffer.from(body, "base64url").toString()) as LeaseClaims;
}

function refusal(status: number, code: string): SandboxdAnswer {
  return answer(status, { error: { code, message: "" } });
}

function answer(status: number, body: object): SandboxdAnswer {
  return { status, body: Buffer.from(JSON.stringify(body)) };
}

function replayed({ status, body }: SandboxdAnswer): SandboxdAnswer {
  return answer(status, { ...(JSON.parse(body.toString()) as object), replayed: true });
}
