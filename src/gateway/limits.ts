import { RollyardError } from "../errors/rollyard-error.ts";

/** What one gateway process takes at most. */
export interface GatewayLimits {
  /** Bytes of a dataset that is uploaded. */
  readonly datasetBytes: number;
  /** Bytes of a request that brings a job with its rows: it is held in memory. */
  readonly submitBytes: number;
  /** Bodies that are read at once. */
  readonly bodies: number;
  /** Results and logs that are sent at once. */
  readonly streams: number;
}

/** A bounded number of places; whoever finds none is told to come again. */
export class Places {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Takes a place; the function that it returns gives it back, once. Throws `gateway_busy`. */
  take(): () => void {
    if (this.#taken >= this.#max) throw new RollyardError("gateway_busy");
    this.#taken += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken -= 1;
      isTaken = false;
    };
  }
}
