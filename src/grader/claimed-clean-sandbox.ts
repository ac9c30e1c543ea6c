import { RollyardError } from "../errors/rollyard-error.ts";
import { errorOfFailure } from "../rollout/failure-record.ts";
import type { ClaimOutcome, SandboxClaims } from "../rollout/sandbox-lease.ts";
import type { SandboxSession } from "../sandbox/port.ts";
import type { CleanSandbox, SandboxCompany } from "./clean-sandbox.ts";
import type { GradeTask } from "./grade-request.ts";
import { SandboxCompanies } from "./sandbox-company.ts";

type Leased = Extract<ClaimOutcome, { kind: "leased" }>;

/** The clean sandboxes of one grading, claimed from the broker for purpose `grade`, the first when it is first used. */
export class ClaimedCleanSandbox implements CleanSandbox {
  readonly #claims: SandboxClaims;
  readonly #task: GradeTask;
  readonly #companies = new SandboxCompanies({
    open: (signal) => this.#open(signal),
    discard: (sandboxUid) => this.#discard(sandboxUid),
  });
  #leased: Promise<Leased> | null = null;
  #generation = 0;
  #lostSandboxUid: string | null = null;

  constructor(task: GradeTask, claims: SandboxClaims) {
    this.#task = task;
    this.#claims = claims;
  }

  use<T>(
    company: SandboxCompany,
    signal: AbortSignal,
    work: (session: SandboxSession) => Promise<T>,
  ): Promise<T> {
    return this.#companies.use(company, signal, work);
  }

  async close(): Promise<void> {
    const leased = this.#leased;
    this.#leased = null;
    if (leased !== null) await closeQuietly(leased);
  }

  /** Sub-graders that open at once share one claim; a claim that failed is not kept. */
  async #open(signal: AbortSignal): Promise<SandboxSession> {
    const claiming = (this.#leased ??= this.#claim(signal));
    try {
      return (await claiming).session;
    } catch (error) {
      if (this.#leased === claiming) this.#leased = null;
      throw error;
    }
  }

  /** The next use asks for another one. */
  #discard(sandboxUid: string): void {
    const lost = this.#leased;
    if (lost === null || this.#lostSandboxUid === sandboxUid) return;
    this.#leased = null;
    this.#generation += 1;
    this.#lostSandboxUid = sandboxUid;
    void closeQuietly(lost);
  }

  async #claim(signal: AbortSignal): Promise<Leased> {
    const { ref, lastSequence } = this.#task;
    const outcome = await this.#claims.claim(
      {
        ref,
        purpose: "grade",
        epoch: lastSequence,
        generation: this.#generation,
        lostSandboxUid: this.#lostSandboxUid,
      },
      signal,
    );
    if (outcome.kind === "leased") return outcome;
    signal.throwIfAborted();
    if (outcome.kind === "gone") throw gone();
    throw errorOfFailure(outcome.failure);
  }
}

/** A claim that failed has nothing to close, and its error was told to whoever opened. */
async function closeQuietly(leased: Promise<Leased>): Promise<void> {
  const [claim] = await Promise.allSettled([leased]);
  if (claim.status === "fulfilled") await claim.value.close();
}

function gone(): RollyardError {
  return new RollyardError("sandbox_lost", { message: "The attempt holds no sandbox any more." });
}
