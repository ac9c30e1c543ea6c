import type { UnitWatch } from "./unit-watch.ts";

/** One way to get sandboxes. Its pods are in the namespace `default`, where nobody else has any meanwhile. */
export interface Contender {
  /** Process ids of what it adds to the control plane, by name. */
  readonly processes: Readonly<Record<string, readonly number[]>>;
  /** What of it runs beside the control plane, with version and flags; null for nothing, and before it was started. */
  readonly command: string | null;
  /** Pods that are there while no unit is held. */
  readonly pool: number;
  /** When the pool was asked for, of the monotonic clock; 0 before, and without one. */
  readonly poolAskedAtMs: number;
  /** Starts what it needs, and asks for the pool; none of it is counted. */
  prepare(): Promise<void>;
  /** Asks for all units at once; resolves when all are ready, with the milliseconds that each took. */
  get(pods: UnitWatch): Promise<readonly number[]>;
  /** Resolves when nothing is left to do while the units are held. */
  untilSettled(pods: UnitWatch): Promise<void>;
  /** Gives each back. */
  giveBack(): Promise<void>;
  /** Removes all that it has made and ends its processes. */
  cleanUp(pods: UnitWatch): Promise<void>;
}
