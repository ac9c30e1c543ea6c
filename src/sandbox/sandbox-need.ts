import type { SandboxSpec } from "../environment/sandbox-spec.ts";

/** What sandbox an attempt needs, by its job's snapshot of the environment and by its item. */
export interface SandboxNeed {
  readonly spec: SandboxSpec;
  readonly priorityClassName?: string | undefined;
  /** Of Kueue. */
  readonly queueName?: string | undefined;
  /** Whether the attempt may go on in a new sandbox when its own was lost: `recovery.mode: replay`. */
  readonly replacesLost?: boolean;
}
