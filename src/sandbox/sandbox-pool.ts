import { toRollyardError } from "../errors/rollyard-error.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import type { Clock } from "../lib/clock.ts";
import type {
  AdoptedSandbox,
  LaunchedSandbox,
  LaunchRequest,
  SandboxLauncher,
  StartProgress,
} from "./port.ts";
import type { SandboxTemplate } from "./sandbox-template.ts";
import { StartBreaker } from "./start-breaker.ts";

/** A sandbox that nobody holds yet. */
export interface PooledSandbox {
  readonly sandbox: LaunchedSandbox;
  /** Monotonic milliseconds. */
  readonly readyAtMs: number;
}

/** What pools report. */
export interface PoolEvents {
  onReady(pool: SandboxPool, startedMs: number): void;
  /** `wasTrial`: of an open breaker. */
  onFailed(pool: SandboxPool, error: RollyardError, wasTrial: boolean): void;
  onProgress(sandboxUid: string, progress: StartProgress): void;
  /** A start is over. */
  onSettled(sandboxUid: string): void;
}

/** How a pool starts sandboxes. */
export interface PoolOptions {
  readonly template: SandboxTemplate;
  readonly launcher: SandboxLauncher;
  readonly publicKeys: LaunchRequest["publicKeys"];
  readonly clock: Clock;
  readonly newId: () => string;
  readonly events: PoolEvents;
  /** Ends a sandbox that nobody has held. */
  readonly discard: (sandbox: LaunchedSandbox) => Promise<void>;
}

/** The sandboxes of one template that are starting or ready. */
export class SandboxPool {
  readonly template: SandboxTemplate;
  readonly breaker = new StartBreaker();
  readonly #options: PoolOptions;
  readonly #ready: PooledSandbox[] = [];
  readonly #starting = new Set<Promise<void>>();
  #closed: "open" | "discards" | "leaves" = "open";

  constructor(options: PoolOptions) {
    this.#options = options;
    this.template = options.template;
  }

  get ready(): number {
    return this.#ready.length;
  }

  get starting(): number {
    return this.#starting.size;
  }

  /** Starts one; its end is told by an event. */
  start(): void {
    const { launcher, template, publicKeys, newId, events } = this.#options;
    const sandboxUid = newId();
    this.breaker.begin();
    const onProgress = (progress: StartProgress): void => events.onProgress(sandboxUid, progress);
    this.#await(sandboxUid, () =>
      launcher.start({ ...template.request, publicKeys, sandboxUid, onProgress }),
    );
  }

  /** Takes over a sandbox that an earlier process started. */
  adopt({ sandboxUid, ready }: AdoptedSandbox): void {
    this.#await(sandboxUid, () => ready);
  }

  /** Takes the oldest ready sandbox. */
  take(): PooledSandbox | undefined {
    return this.#ready.shift();
  }

  /** Ends as many of the ready ones as that, the oldest first. */
  async shrink(by: number): Promise<void> {
    const surplus = this.#ready.splice(0, Math.max(0, by));
    await Promise.all(surplus.map(({ sandbox }) => this.#options.discard(sandbox)));
  }

  /** Ends what is ready; what is still starting is ended as it comes up. With `handOver` all of it stays. */
  async close(handOver: boolean): Promise<void> {
    this.#closed = handOver ? "leaves" : "discards";
    if (!handOver) await this.shrink(this.#ready.length);
  }

  #await(sandboxUid: string, launch: () => Promise<LaunchedSandbox>): void {
    const starting = this.#settle(launch).then((report) => {
      this.#starting.delete(starting);
      this.#options.events.onSettled(sandboxUid);
      report();
    });
    this.#starting.add(starting);
  }

  /** Resolves with what to tell once this start no longer counts as one. */
  async #settle(launch: () => Promise<LaunchedSandbox>): Promise<() => void> {
    const { clock, events, discard } = this.#options;
    const begunMs = clock.monotonicMs();
    try {
      const sandbox = await launch();
      if (this.#closed !== "open") {
        if (this.#closed === "discards") await discard(sandbox);
        return () => undefined;
      }
      const readyAtMs = clock.monotonicMs();
      this.#ready.push({ sandbox, readyAtMs });
      void sandbox.ended.then(() => this.#drop(sandbox));
      return () => events.onReady(this, readyAtMs - begunMs);
    } catch (thrown) {
      const error = toRollyardError(thrown);
      return () => this.#fail(error);
    }
  }

  #fail(error: RollyardError): void {
    if (this.#closed !== "open") return;
    const wasTrial = this.breaker.state().state === "trial";
    if (error.code === "sandbox_no_room") this.breaker.undone();
    else this.breaker.failed(error, this.#options.clock.monotonicMs());
    this.#options.events.onFailed(this, error, wasTrial);
  }

  #drop(sandbox: LaunchedSandbox): void {
    if (this.#closed === "leaves") return;
    const index = this.#ready.findIndex((ready) => ready.sandbox === sandbox);
    if (index < 0) return;
    this.#ready.splice(index, 1);
    void this.#options.discard(sandbox);
  }
}
