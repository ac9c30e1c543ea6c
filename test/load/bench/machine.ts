import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";

/** What the figures were measured on; they mean nothing without it. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  /** Load average of the minute before: other work makes rates worse, CPU times less so. */
  readonly loadBefore: number;
}

/** This machine now. */
export function thisMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}
