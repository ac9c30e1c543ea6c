import type { StreamUse } from "../parts/controller-main.ts";
import type { Load, Scenario } from "./load.ts";

/** What one process, or all sandboxes together, used while the load ran. */
export interface PartFigures {
  readonly cpuSeconds: number;
  /** Most that it held; of the sandboxes the largest sum of a sample every second. */
  readonly peakRssBytes: number;
}

/** The parts in the order in which they are shown. */
export const PART_NAMES = ["loop", "controller", "grader", "nats-server", "sandboxes", "mock model"] as const;

/** One of {@link PART_NAMES}; `loop` is the worker, or the bare loop. */
export type PartName = (typeof PART_NAMES)[number];

/** One run of one scenario. */
export interface Figures {
  readonly scenario: Scenario;
  readonly load: Load;
  readonly seconds: number;
  readonly parts: Partial<Readonly<Record<PartName, PartFigures>>>;
  readonly streams: readonly StreamUse[];
  /** Sentences on what is not as it must be; figures with any are worth nothing. */
  readonly problems: readonly string[];
}

/** Rollouts a second. */
export function rate({ load, seconds }: Figures): number {
  return load.rollouts / seconds;
}

/** Milliseconds of CPU a turn; undefined where there is no such part. */
export function cpuPerTurn({ load, parts }: Figures, name: PartName): number | undefined {
  const part = parts[name];
  return part === undefined ? undefined : (part.cpuSeconds * 1000) / (load.rollouts * load.turns);
}
