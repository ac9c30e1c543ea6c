import type { PartFigures, PartName } from "./figures.ts";
import { usageBelow, usageOf } from "./process-usage.ts";

const SAMPLE_MS = 1000;

/** Measures what processes use from now on. */
export class Meter {
  readonly #pids: Partial<Readonly<Record<PartName, number>>>;
  readonly #before: ReadonlyMap<string, number>;

  constructor(pids: Partial<Readonly<Record<PartName, number>>>) {
    this.#pids = pids;
    this.#before = new Map(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid).cpuSeconds]));
  }

  /** What each used since the beginning. */
  read(): Partial<Record<PartName, PartFigures>> {
    const entries = Object.entries(this.#pids).map(([name, pid]): [string, PartFigures] => {
      const { cpuSeconds, rssBytes } = usageOf(pid);
      return [name, { cpuSeconds: cpuSeconds - (this.#before.get(name) ?? 0), peakRssBytes: rssBytes }];
    });
    return Object.fromEntries(entries);
  }
}

/** Watches everything that a process has started. */
export class TreeMeter {
  readonly #root: number;
  readonly #timer: NodeJS.Timeout;
  #peakRssBytes = 0;

  constructor(root: number) {
    this.#root = root;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** To be called once, while the first child still lives, that has waited for all the others. */
  end(): PartFigures {
    clearInterval(this.#timer);
    return { cpuSeconds: this.#sample(), peakRssBytes: this.#peakRssBytes };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): number {
    const { cpuSeconds, rssBytes } = usageBelow(this.#root);
    this.#peakRssBytes = Math.max(this.#peakRssBytes, rssBytes);
    return cpuSeconds;
  }
}
