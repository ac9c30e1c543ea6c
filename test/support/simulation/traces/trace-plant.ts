import type { Bus } from "../../../../src/bus/port.ts";
import type { SimProcess } from "../sim-process.ts";

/** A bug put into a world of traces on purpose, to see that it is found. */
export interface TracePlant {
  /** Stands between a process and its bus. */
  readonly bus?: (bus: Bus, process: SimProcess) => Bus;
  /** A controller does not free the sandboxes of traces that were idle. */
  readonly keepsIdle?: boolean;
  /** Each gateway names calls in the sandbox in its own way. */
  readonly namesCallsApart?: boolean;
}
