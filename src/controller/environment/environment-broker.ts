import type { BrokerSnapshot, ReleaseRef } from "../../sandbox/broker-options.ts";
import type { TraceCounts } from "../../trace/trace-tally.ts";
import type { ReadyEnvironment } from "./ready-environment.ts";

/** Who hands out the sandboxes of one Environment, as its reconciler sees it. */
export interface EnvironmentBroker {
  /** From now on new sandboxes are made by this spec; `isDraining` keeps none ready ahead of need. */
  update(environment: ReadyEnvironment, isDraining: boolean): void;
  /** The attempt has its outcome: its sandboxes are free. */
  release(ref: ReleaseRef): void;
  /** The job uses the Environment no more: what is left of its sandboxes is ended. Safe to repeat. */
  forgetJob(jobUid: string): void;
  snapshot(): BrokerSnapshot;
  /** How its traces stand; null for one that is not served to a hosted trainer. */
  traces(): TraceCounts | null;
  /** With `handOver` the sandboxes stay for the next leader; without, they are removed. */
  stop(options: { readonly handOver: boolean }): Promise<void>;
}

/** Starts the broker of an Environment. */
export type StartBroker = (environment: ReadyEnvironment, isDraining: boolean) => Promise<EnvironmentBroker>;
