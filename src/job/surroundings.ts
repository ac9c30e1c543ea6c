import type { Bus, Subscription } from "../bus/port.ts";
import type { StreamName } from "../bus/streams.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import { hearWorkers } from "./hear-workers.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { StreamRoom } from "./stream-room.ts";
import { WorkerRoster } from "./worker-roster.ts";
import type { WorkerSlots } from "./worker-roster.ts";

/** What it needs of the world. */
export interface SurroundingsDeps {
  readonly bus: Pick<Bus, "listen" | "silentStreams" | "streamState">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a job hears and sees of the world around it, the workers and the streams, and whether they let it dispatch. */
export class Surroundings {
  /** What the streams have room for. */
  readonly room: StreamRoom;
  readonly #deps: SurroundingsDeps;
  readonly #workers: WorkerRoster;
  readonly #silence: SilenceWatch;
  readonly #onNews: () => void;
  #silentBefore: readonly StreamName[] = [];

  /** `onNews` is told when a worker has said how many slots it has. */
  constructor(deps: SurroundingsDeps, onNews: () => void) {
    this.#deps = deps;
    this.#onNews = onNews;
    this.room = new StreamRoom(deps);
    this.#workers = new WorkerRoster(deps.clock);
    this.#silence = new SilenceWatch(deps.bus, deps.clock);
  }

  /** Begins to hear. */
  async listen(): Promise<Subscription> {
    const heard = await Promise.all([
      hearWorkers(this.#deps.bus, this.#workers, this.#onNews),
      this.#silence.listen(),
    ]);
    return { stop: async () => void (await Promise.all(heard.map((each) => each.stop()))) };
  }

  /** The workers that were heard of lately. */
  workers(): readonly WorkerSlots[] {
    return this.#workers.all();
  }

  /** Slots of all of them; null while there is none. */
  slots(): number | null {
    return this.#workers.slots();
  }

  /** Streams that answer nothing: here, or to those who told of it. */
  get silentStreams(): readonly StreamName[] {
    return this.#silence.streams;
  }

  /** Whether the streams let more be dispatched. Rejects with `bus_unavailable`. */
  async mayDispatch(): Promise<boolean> {
    this.#tellSilence();
    return this.silentStreams.length === 0 && this.room.look();
  }

  #tellSilence(): void {
    const [before, now] = [this.#silentBefore, this.silentStreams];
    this.#silentBefore = now;
    for (const stream of now)
      if (!before.includes(stream))
        this.#deps.logger.warn("dispatch waits: a stream answers nothing", { stream });
  }
}
