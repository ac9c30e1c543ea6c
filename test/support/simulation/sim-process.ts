import type { Clock } from "../../../src/lib/clock.ts";
import type { Part } from "./schedule.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** What happens at a call: before it has its effect, or after it and before its answer is seen. */
export interface Trap {
  readonly side: "before" | "after";
  readonly act: () => void;
}

/**
 * A simulated process. Everything that its code awaits goes through {@link call}, so it can be stopped at each: dead,
 * nothing that it waits for ever settles; paused, everything waits until it runs again, in order.
 */
export class SimProcess {
  readonly name: string;
  readonly part: Part;
  readonly clock: Clock;
  readonly traps = new Map<number, Trap>();
  /** What the wall clock of this process is off by. */
  wallOffsetMs = 0;
  /** Calls so far. */
  calls = 0;
  /** It ends what it holds and goes, as it was asked to. */
  isClosing = false;
  readonly #time: VirtualClock;
  readonly #held: (() => void)[] = [];
  readonly #atDeath: (() => void)[] = [];
  #state: "running" | "paused" | "dead" = "running";

  constructor(place: { readonly part: Part; readonly number: number }, time: VirtualClock) {
    this.part = place.part;
    this.name = `${place.part}-${place.number}`;
    this.#time = time;
    this.clock = {
      nowMs: () => time.nowMs() + this.wallOffsetMs,
      monotonicMs: () => time.monotonicMs(),
      sleep: (delayMs, signal) => this.call(() => time.sleep(delayMs, signal)),
    };
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  /** One call to the outside. */
  call<T>(act: () => Promise<T>): Promise<T> {
    this.calls += 1;
    const trap = this.traps.get(this.calls);
    if (trap?.side === "before" && !this.isDead) trap.act();
    return new Promise((resolve, reject) => {
      // Stopped before it, the call goes out when the process runs again: late, as a zombie's do.
      this.enter(() => {
        act().then(
          (value) => {
            if (trap?.side === "after") trap.act();
            this.enter(() => resolve(value));
          },
          (error: unknown) => this.enter(() => reject(error)),
        );
      });
    });
  }

  /** Runs code of the process now, when it is paused later, when it is dead never. */
  enter(action: () => void): void {
    if (this.#state === "running") action();
    else if (this.#state === "paused") this.#held.push(action);
  }

  /** Waits in the same way. */
  entered(): Promise<void> {
    return this.isRunning ? Promise.resolve() : new Promise((resolve) => this.enter(resolve));
  }

  /** Does something when the process dies. */
  onDeath(action: () => void): void {
    this.#atDeath.push(action);
  }

  kill(): void {
    if (this.isDead) return;
    this.#state = "dead";
    this.#held.length = 0;
    for (const action of this.#atDeath.splice(0)) action();
  }

  pause(forMs: number): void {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#time.after(forMs, () => this.#resume());
  }

  #resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const held = this.#held.splice(0);
    for (const [index, action] of held.entries()) {
      // Paused again by what it does: the rest waits on, before what came meanwhile.
      if (!this.isRunning) return void this.#held.unshift(...held.slice(index));
      action();
    }
  }
}
