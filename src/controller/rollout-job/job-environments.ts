import type { ReleaseRef } from "../../sandbox/broker-options.ts";
import type { EnvironmentSight } from "../environment/ready-environment.ts";

/** What jobs ask of the Environments of the cluster. Uids are those of the bus. */
export interface JobEnvironments {
  look(namespace: string, name: string): EnvironmentSight;
  /** Calls the listener when an Environment has come, changed, begun to go, or gone. */
  onChange(listener: (namespace: string, name: string) => void): void;
  /** The job uses the Environment: its deletion waits. Safe to repeat. */
  hold(environmentUid: string, jobUid: string, jobName: string): void;
  letGo(environmentUid: string, jobUid: string): void;
  /** Every job that runs has been named by {@link hold}. */
  holdsAreKnown(): void;
  /** The attempt has its outcome: its sandboxes are free. */
  release(environmentUid: string, ref: ReleaseRef): void;
}
