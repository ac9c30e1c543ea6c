import { rssOf } from "../../load/bench/process-usage.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";
import { EachSecond } from "./each-second.ts";

/** How much a process holds. */
export interface MemoryFigure {
  readonly name: string;
  readonly firstMib: number;
  readonly lastMib: number;
  /** Growth for 10,000 rollouts: of RSS the slope of a straight line through all samples. */
  readonly mibPer10k: number;
}

interface Sample {
  readonly rollouts: number;
  readonly mib: number;
}

const MIB = 1024 * 1024;

/** Samples what each process of a run holds, by how much of the job is done. */
export class MemoryMeter {
  readonly #world: ChaosWorld;
  readonly #samples = new Map<string, Sample[]>();
  readonly #sampling = new EachSecond(() => this.#sample());

  constructor(world: ChaosWorld) {
    this.#world = world;
  }

  start(): void {
    this.#sampling.start();
  }

  stop(): void {
    this.#sampling.stop();
  }

  figures(): readonly MemoryFigure[] {
    return [...this.#samples].map(([name, samples]) => ({
      name,
      firstMib: Math.round(samples[0]?.mib ?? 0),
      lastMib: Math.round(samples.at(-1)?.mib ?? 0),
      mibPer10k: Math.round(slope(samples) * 100_000) / 10,
    }));
  }

  async #sample(): Promise<void> {
    const state = await this.#world.bus.state("outcomes");
    if (state === null) return;
    const services = [...this.#world.services, ...this.#world.nats.map(({ service }) => service)];
    for (const { name, pid } of services) {
      if (pid === 0) continue;
      const samples = this.#samples.get(name) ?? [];
      samples.push({ rollouts: state.subjects, mib: rssOf(pid) / MIB });
      this.#samples.set(name, samples);
    }
  }
}

/** MiB a rollout: least squares. */
export function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, samples.length);
  const x = mean(({ rollouts }) => rollouts);
  const y = mean(({ mib }) => mib);
  const spread = samples.reduce((sum, { rollouts }) => sum + (rollouts - x) ** 2, 0);
  const shared = samples.reduce((sum, { rollouts, mib }) => sum + (rollouts - x) * (mib - y), 0);
  return spread === 0 ? 0 : shared / spread;
}
