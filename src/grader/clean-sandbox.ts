import type { SandboxSession } from "../sandbox/port.ts";

/**
 * Whom a grader's code may share its sandbox with. `shared`: with other code of the same author, at the same time too.
 * `alone`: with nobody, before or after: it runs what the agent wrote, which could leave something behind.
 */
export type SandboxCompany = "shared" | "alone";

/** Where graders run code: sandboxes that the agent never touched, without network. */
export interface CleanSandbox {
  /**
   * Does the work in a sandbox; waits until there is one, and for the company that it is kept from. Rejects as the work
   * does, and with class `sandbox`, or `config` when none can ever start. One that was lost is not used again.
   */
  use<T>(
    company: SandboxCompany,
    signal: AbortSignal,
    work: (session: SandboxSession) => Promise<T>,
  ): Promise<T>;
  /** Ends the connections. The sandbox itself ends with the attempt's outcome. Safe to repeat. */
  close(): Promise<void>;
}
