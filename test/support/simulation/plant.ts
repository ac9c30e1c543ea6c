import type { Bus } from "../../../src/bus/port.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** A bug put into a world on purpose, to see that it is found. */
export interface Plant {
  /** Stands between a process and its bus. */
  readonly bus?: (bus: Bus, process: SimProcess, world: World) => Bus;
  /** A leader that wakes up deletes what it believes to be orphans without asking the record. */
  readonly sweepsUnasked?: boolean;
}
