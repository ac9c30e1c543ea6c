import type { Machine } from "../bench/machine.ts";
import type { ContenderName } from "./contender-names.ts";
import type { UnitTimes } from "./unit-times.ts";
import type { UsagePerUnit } from "./usage-between.ts";

/** What one contender made of the load. */
export interface PeerFigures {
  readonly name: ContenderName;
  /** Load average of the minute before. */
  readonly loadBefore: number;
  /** Of a pool, from nothing; null without one. */
  readonly fillSeconds: number | null;
  /** From the first request until all units were ready. */
  readonly readySeconds: number;
  readonly times: UnitTimes;
  /** From the first request until nothing was left to do: the Job complete, the pool full again. */
  readonly settledSeconds: number;
  /** Pods that ever were, from the first request until nothing was left to do, beyond one for each unit. */
  readonly podsTooMany: number;
  /** From giving the first back until all were gone, and a pool was full. */
  readonly goneSeconds: number;
  /** Until settled, and a few seconds for events that come late. */
  readonly untilReady: UsagePerUnit;
  /** The same from the first request until all were gone. */
  readonly wholeLife: UsagePerUnit;
}

/** Everything that was measured in one run. */
export interface PeersRun {
  readonly machine: Machine;
  /** What ran, with versions and flags. */
  readonly commands: readonly string[];
  readonly figures: readonly PeerFigures[];
}
