import type { SandboxSession } from "./port.ts";

/** A session that holds connections until it is closed; the sandbox itself goes on. */
export interface ClosableSandboxSession extends SandboxSession {
  close(): Promise<void>;
}
