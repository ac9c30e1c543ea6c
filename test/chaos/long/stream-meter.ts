import type { StreamName } from "../../../src/bus/streams.ts";
import type { ChaosWorld } from "../world/chaos-world.ts";
import { EachSecond } from "./each-second.ts";

/** What a stream held at most, and at the end. */
export interface StreamFigure {
  readonly stream: StreamName;
  readonly mostMessages: number;
  readonly mostConsumers: number;
  readonly lastMessages: number;
  readonly lastConsumers: number;
  /** It holds no more than the job's size explains. */
  readonly isBounded: boolean;
}

const STREAMS = ["work", "events", "outcomes", "leases", "blobs"] as const;
/** One for each kind of work, and one that follows outcomes; an earlier life's is gone soon after it. */
const MOST_CONSUMERS = { work: 3, events: 1, outcomes: 3, leases: 1, blobs: 1 } as const;
/** Work that is queued or under way, of all kinds, for each rollout at once. */
const WORK_SHARE = 3;

/** Watches the streams of a run. */
export class StreamMeter {
  readonly #world: ChaosWorld;
  readonly #most = new Map<StreamName, { messages: number; consumers: number }>();
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

  /** To be called at the job's end. */
  async figures(): Promise<readonly StreamFigure[]> {
    const figures: StreamFigure[] = [];
    for (const stream of STREAMS) {
      const state = await this.#world.bus.state(stream);
      const most = this.#most.get(stream) ?? { messages: 0, consumers: 0 };
      const isShallow = stream !== "work" || most.messages <= WORK_SHARE * this.#world.job.parallelism;
      figures.push({
        stream,
        mostMessages: most.messages,
        mostConsumers: most.consumers,
        lastMessages: state?.messages ?? 0,
        lastConsumers: state?.consumers ?? 0,
        isBounded: isShallow && most.consumers <= MOST_CONSUMERS[stream],
      });
    }
    return figures;
  }

  async #sample(): Promise<void> {
    for (const stream of STREAMS) {
      const state = await this.#world.bus.state(stream);
      if (state === null) continue;
      const most = this.#most.get(stream) ?? { messages: 0, consumers: 0 };
      this.#most.set(stream, {
        messages: Math.max(most.messages, state.messages),
        consumers: Math.max(most.consumers, state.consumers),
      });
    }
  }
}
