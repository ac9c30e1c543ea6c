import { randomBytes } from "node:crypto";
import type { CleanSandbox, SandboxCompany } from "../../../src/grader/clean-sandbox.ts";
import { SandboxCompanies } from "../../../src/grader/sandbox-company.ts";
import type { SandboxSpec } from "../../../src/environment/sandbox-spec.ts";
import { signLeaseToken } from "../../../src/sandbox/lease-token.ts";
import type { LaunchedSandbox, SandboxLauncher, SandboxSession } from "../../../src/sandbox/port.ts";
import { SandboxdClient } from "../../../src/sandbox/sandboxd-client.ts";
import { generateSigningKeys, publicKeysOf } from "../../../src/sandbox/signing-keys.ts";

/** What graders' sandboxes on this machine are made from. */
export interface CleanSandboxKind {
  readonly launcher: SandboxLauncher;
  readonly spec: SandboxSpec;
  /** Absolute path of a virtual environment. */
  readonly venv: string | null;
}

const TOKEN_LIFETIME_MS = 24 * 3_600_000;

interface Started {
  readonly sandbox: LaunchedSandbox;
  readonly session: SandboxdClient;
}

/** One grading's clean sandbox, started on this machine when it is first opened. */
export class LaunchedCleanSandbox implements CleanSandbox {
  readonly #kind: () => Promise<CleanSandboxKind>;
  readonly #ending: Promise<void>[] = [];
  readonly #discarded = new Set<string>();
  readonly #companies = new SandboxCompanies({
    open: (signal) => this.#open(signal),
    discard: (sandboxUid) => this.#discard(sandboxUid),
  });
  #started: Promise<Started> | null = null;

  constructor(kind: () => Promise<CleanSandboxKind>) {
    this.#kind = kind;
  }

  use<T>(
    company: SandboxCompany,
    signal: AbortSignal,
    work: (session: SandboxSession) => Promise<T>,
  ): Promise<T> {
    return this.#companies.use(company, signal, work);
  }

  /** Sub-graders that open at once share one; a start that failed is not kept. */
  async #open(signal: AbortSignal): Promise<SandboxSession> {
    signal.throwIfAborted();
    const starting = (this.#started ??= start(this.#kind));
    try {
      return (await starting).session;
    } catch (error) {
      if (this.#started === starting) this.#started = null;
      throw error;
    }
  }

  #discard(sandboxUid: string): void {
    if (this.#discarded.has(sandboxUid)) return;
    this.#discarded.add(sandboxUid);
    this.#endNow();
  }

  #endNow(): void {
    const lost = this.#started;
    this.#started = null;
    if (lost !== null) this.#ending.push(end(lost));
  }

  async close(): Promise<void> {
    this.#endNow();
    await Promise.all(this.#ending.splice(0));
  }
}

async function start(kindOf: () => Promise<CleanSandboxKind>): Promise<Started> {
  const { launcher, spec, venv } = await kindOf();
  const keys = generateSigningKeys();
  const sandboxUid = randomBytes(6).toString("hex");
  const publicKeys = publicKeysOf(keys);
  const sandbox = await launcher.start({ sandboxUid, spec, localFolder: null, venv, publicKeys });
  const subject = { sandboxUid, rollout: "grade", attempt: 0, epoch: 0n };
  const { token } = signLeaseToken(keys, subject, Date.now() + TOKEN_LIFETIME_MS);
  const session = new SandboxdClient({ endpoint: sandbox.endpoint, sandboxUid, token: () => token });
  return { sandbox, session };
}

/** A start that failed has nothing to end, and its error was told to whoever opened. */
async function end(started: Promise<Started>): Promise<void> {
  const [found] = await Promise.allSettled([started]);
  if (found.status === "rejected") return;
  await found.value.session.close();
  await found.value.sandbox.stop();
}
