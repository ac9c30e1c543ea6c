import { RollyardError } from "../errors/rollyard-error.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import type { ClosableSandboxSession } from "./closable-session.ts";
import type { ExecRequest, ExecResult, SandboxEndpoint } from "./port.ts";
import { readTar } from "./read-tar.ts";
import type { SandboxTree, TreeLimits } from "./sandbox-tree.ts";
import { judgeRefusal } from "./sandboxd-refusal.ts";
import { AnswerTooLargeError, SandboxdTransport } from "./sandboxd-transport.ts";
import type { SandboxdAnswer, SandboxdRequest } from "./sandboxd-transport.ts";
import { decodeExecResult, decodeRefusalCode, encodeExecRequest } from "./sandboxd-wire.ts";

/** What a client needs to reach one sandbox. */
export interface SandboxdClientOptions {
  readonly endpoint: SandboxEndpoint;
  readonly sandboxUid: string;
  /** The lease token of now; asked before every try, so that a renewed one is used at once. */
  readonly token: () => string;
  /** Gets a newer token when this one is refused; without it the next try only asks for the token again. */
  readonly renew?: (signal?: AbortSignal) => Promise<void>;
  readonly clock?: Clock;
  /** How requests get there; by default over HTTP. */
  readonly transport?: Pick<SandboxdTransport, "send" | "close">;
}

// The one retry layer between a driver and its sandbox: pauses between tries, about a second in all.
const RETRY_PAUSES_MS = [20, 80, 300, 700];
// An answer may come this much after the command's own timeout: a kill, then up to 5 s for what does not die at once.
const ANSWER_GRACE_MS = 10_000;
const SHORT_CALL_MS = 30_000;
const FREEZE_MS = 20_000;
const TREE_MS = 120_000;
// Two headers, and a path of at most 4 KiB and its padding; a link also tells where it leads.
const TAR_ENTRY_BYTES = 12_288;
// JSON spends up to six bytes on one of output.
const JSON_EXPANSION = 6;
const HEAD_BYTES = 65_536;

type TryOutcome =
  | { readonly kind: "answer"; readonly answer: SandboxdAnswer }
  | { readonly kind: "lost"; readonly error: unknown };

/** Speaks HTTP/JSON with sandboxd (services/sandboxd). Errors are those of {@link ClosableSandboxSession}. */
export class SandboxdClient implements ClosableSandboxSession {
  readonly sandboxUid: string;
  readonly #token: () => string;
  readonly #renew: (signal?: AbortSignal) => Promise<void>;
  readonly #clock: Clock;
  readonly #transport: Pick<SandboxdTransport, "send" | "close">;

  constructor(options: SandboxdClientOptions) {
    this.sandboxUid = options.sandboxUid;
    this.#token = options.token;
    this.#renew = options.renew ?? ((): Promise<void> => Promise.resolve());
    this.#clock = options.clock ?? systemClock;
    this.#transport = options.transport ?? new SandboxdTransport(options.endpoint);
  }

  async exec(request: ExecRequest, signal?: AbortSignal): Promise<ExecResult> {
    const answer = await this.#send({
      method: "POST",
      path: "/v1/exec",
      body: encodeExecRequest(request),
      timeoutMs: request.timeoutMs + ANSWER_GRACE_MS,
      maxBytes: request.maxOutputBytes * JSON_EXPANSION + HEAD_BYTES,
      signal,
    });
    if (answer.status === 413) return tooLargeToRun();
    const result = answer.status === 200 ? decodeExecResult(answer.body) : null;
    if (result === null) throw refusalOf(answer);
    return result;
  }

  /** Null also for a file over `maxBytes`, one that may not be read, and a path that is none: all are the agent's. */
  async readFile(path: string, maxBytes: number): Promise<Uint8Array | null> {
    const answer = await this.#send({
      method: "GET",
      path: `/v1/files?path=${encodeURIComponent(path)}&max_bytes=${maxBytes}`,
      timeoutMs: SHORT_CALL_MS,
      maxBytes: maxBytes + HEAD_BYTES,
    });
    if (answer.status === 200) return answer.body;
    if ([400, 403, 404, 413].includes(answer.status)) return null;
    throw refusalOf(answer);
  }

  /** Rejects with `sandbox_write_refused` where the agent's own files are in the way. */
  async writeFile(path: string, content: Uint8Array, callId: string, mode?: number): Promise<void> {
    const named = `/v1/files?path=${encodeURIComponent(path)}&call_id=${encodeURIComponent(callId)}`;
    const answer = await this.#send({
      method: "PUT",
      path: mode === undefined ? named : `${named}&mode=${mode.toString(8)}`,
      body: content,
      timeoutMs: SHORT_CALL_MS,
      maxBytes: HEAD_BYTES,
    });
    if (answer.status !== 200) throw refusalOf(answer);
  }

  async readTree(path: string, { maxBytes, maxEntries }: TreeLimits): Promise<SandboxTree> {
    const limits = `max_bytes=${maxBytes}&max_entries=${maxEntries}`;
    const answer = await this.#send({
      method: "GET",
      path: `/v1/archive?path=${encodeURIComponent(path)}&${limits}&beneath=true`,
      timeoutMs: TREE_MS,
      maxBytes: maxBytes + maxEntries * TAR_ENTRY_BYTES + HEAD_BYTES,
    });
    return answer.status === 200 ? treeOf(answer.body) : refusedTree(answer);
  }

  async freeze(): Promise<void> {
    const request = {
      method: "POST",
      path: "/v1/freeze",
      timeoutMs: FREEZE_MS,
      maxBytes: HEAD_BYTES,
    } as const;
    const answer = await this.#send(request);
    if (answer.status !== 200) throw refusalOf(answer);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  /** Sends until there is a certain answer, the pauses are used up, or the request's own time is over. */
  async #send(request: Omit<SandboxdRequest, "headers">): Promise<SandboxdAnswer> {
    const deadline = this.#clock.monotonicMs() + request.timeoutMs;
    for (let tries = 0; ; tries += 1) {
      const outcome = await this.#sendOnce(request);
      const pause = RETRY_PAUSES_MS[tries];
      const timeIsUp = this.#clock.monotonicMs() >= deadline;
      if (outcome.kind === "answer") {
        if (pause === undefined || timeIsUp || !mayPass(outcome.answer)) return outcome.answer;
      } else if (pause === undefined || timeIsUp) {
        throw new RollyardError("sandbox_unreachable", {
          cause: outcome.error,
          details: { error: errorName(outcome.error), tries: tries + 1, sandbox: this.sandboxUid },
        });
      }
      await this.#beforeNextTry(outcome, pause, request.signal);
    }
  }

  async #beforeNextTry(outcome: TryOutcome, pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#clock.sleep(pauseMs, signal);
    signal?.throwIfAborted();
    if (outcome.kind === "answer" && outcome.answer.status === 401) await this.#renew(signal);
  }

  async #sendOnce(request: Omit<SandboxdRequest, "headers">): Promise<TryOutcome> {
    const headers = { authorization: `Bearer ${this.#token()}`, "content-type": "application/json" };
    try {
      return { kind: "answer", answer: await this.#transport.send({ ...request, headers }) };
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof AnswerTooLargeError)
        throw new RollyardError("sandbox_protocol_error", { cause: error });
      return { kind: "lost", error };
    }
  }
}

function treeOf(archive: Uint8Array): SandboxTree {
  const files = readTar(archive);
  if (files !== null) return { kind: "files", files };
  throw new RollyardError("sandbox_protocol_error", { details: { reason: "no archive" } });
}

/** All of these are the agent's doing. */
function refusedTree(answer: SandboxdAnswer): SandboxTree {
  switch (answer.status) {
    case 404:
      return { kind: "absent" };
    case 400:
    case 403:
      return { kind: "refused", reason: "link" };
    case 413:
      return { kind: "refused", reason: "too_large" };
    default:
      throw refusalOf(answer);
  }
}

function mayPass(answer: SandboxdAnswer): boolean {
  if (answer.status === 200) return false;
  return judgeRefusal(answer.status, decodeRefusalCode(answer.body)).kind === "again";
}

function refusalOf(answer: SandboxdAnswer): RollyardError {
  const code = decodeRefusalCode(answer.body);
  const verdict = judgeRefusal(answer.status, code);
  if (verdict.kind === "error") return verdict.error;
  const details = { status: answer.status, refusal: code };
  return new RollyardError("sandbox_protocol_error", { details });
}

function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** sandboxd takes 4 MiB of request: what the model asked for is data, so it is answered as a shell would. */
function tooLargeToRun(): ExecResult {
  return {
    exitCode: 126,
    signal: "",
    stdout: "",
    stderr: "the command and its input are larger than 4 MiB\n",
    truncatedBytes: 0,
    invalidBytes: 0,
    timedOut: false,
    outOfMemory: false,
    durationMs: 0,
    replayed: false,
  };
}
