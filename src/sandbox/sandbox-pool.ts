import { toRollyardError } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import type { LaunchedSandbox, LaunchRequest, SandboxLauncher } from "./port.ts";
import type { Purpose } from "./purpose.ts";

/** A sandbox that nobody holds yet. */
export interface PooledSandbox {
  readonly sandbox: LaunchedSandbox;
  /** Monotonic milliseconds. */
  readonly readyAtMs: number;
}

/** What a pool reports. */
export interface PoolEvents {
  onReady(purpose: Purpose, startedMs: number): void;
  onFailed(purpose: Purpose, error: RollyardError): void;
}

/** How a pool starts sandboxes. */
export interface PoolOptions {
  readonly purpose: Purpose;
  readonly launcher: SandboxLauncher;
  readonly template: Omit<LaunchRequest, "sandboxUid">;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly events: PoolEvents;
}

/** The sandboxes of one purpose that are starting or ready. */
export class SandboxPool {
  readonly #options: PoolOptions;
  readonly #ready: PooledSandbox[] = [];
  readonly #starting = new Set<Promise<void>>();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get starting(): number {
    return this.#starting.size;
  }

  /** Starts one; its end is told by an event. */
  start(): void {
    const starting = this.#start().then((report) => {
      this.#starting.delete(starting);
      report();
    });
    this.#starting.add(starting);
  }

  /** Takes the oldest ready sandbox. */
  take(): PooledSandbox | undefined {
    return this.#ready.shift();
  }

  /** Stops what is ready; what is still starting is stopped as it comes up. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#ready.splice(0).map((ready) => ready.sandbox.stop()));
  }

  /** Resolves with what to tell once this start no longer counts as one. */
  async #start(): Promise<() => void> {
    const { launcher, template, clock, newId, events, purpose } = this.#options;
    const begunMs = clock.monotonicMs();
    try {
      const sandbox = await launcher.start({ ...template, sandboxUid: newId() });
      if (this.#closed) {
        await sandbox.stop();
        return () => undefined;
      }
      const readyAtMs = clock.monotonicMs();
      this.#ready.push({ sandbox, readyAtMs });
      void sandbox.ended.then(() => this.#drop(sandbox));
      return () => events.onReady(purpose, readyAtMs - begunMs);
    } catch (thrown) {
      const error = toRollyardError(thrown);
      return () => events.onFailed(purpose, error);
    }
  }

  #drop(sandbox: LaunchedSandbox): void {
    const index = this.#ready.findIndex((ready) => ready.sandbox === sandbox);
    if (index >= 0) this.#ready.splice(index, 1);
  }
}
