const EVERY_MS = 1000;

/** Something that is sampled each second between its start and its stop. */
export class EachSecond {
  readonly #sample: () => Promise<void>;
  #timer: NodeJS.Timeout | null = null;

  constructor(sample: () => Promise<void>) {
    this.#sample = sample;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#sample(), EVERY_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }
}
