import type { SandboxSession } from "../sandbox/port.ts";

/** Where graders run code: one sandbox per grading that the agent never touched, without network. */
export interface CleanSandbox {
  /**
   * The grading's sandbox; the first call waits until there is one. Rejects with class `sandbox`, or `config` when
   * none can ever start.
   */
  open(signal: AbortSignal): Promise<SandboxSession>;
  /** The sandbox was lost: the next call of `open` asks for another. */
  discard(sandboxUid: string): void;
  /** Ends the connections. The sandbox itself ends with the attempt's outcome. Safe to repeat. */
  close(): Promise<void>;
}
