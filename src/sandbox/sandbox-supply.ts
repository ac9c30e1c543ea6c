import { hasItemImage } from "../environment/sandbox-spec.ts";
import type { SandboxSpec } from "../environment/sandbox-spec.ts";
import type { PoolView } from "./broker-plan.ts";
import { graderSandboxSpec } from "./grader-sandbox-spec.ts";
import type { AdoptedSandbox } from "./port.ts";
import type { Purpose } from "./purpose.ts";
import type { SandboxNeed } from "./sandbox-need.ts";
import { SandboxPool } from "./sandbox-pool.ts";
import type { PoolOptions, PooledSandbox } from "./sandbox-pool.ts";
import type { TemplatePlace } from "./sandbox-template.ts";
import type { BreakerState } from "./start-breaker.ts";
import { TemplateCache } from "./template-cache.ts";

/** The sandboxes of an environment as it is now. */
export interface OwnSandboxes {
  readonly spec: SandboxSpec;
  /** Of the clean sandboxes for graders; by default made from `spec`. */
  readonly graderSpec?: SandboxSpec | undefined;
}

/** What a supply works with. */
export interface SupplyOptions extends Omit<PoolOptions, "template"> {
  readonly own: OwnSandboxes;
  /** Absolute path of the folder whose copy is the agent's workdir, or null. */
  readonly localFolder: string | null;
  /** Virtual environment of the graders' sandboxes, or null. */
  readonly graderVenv: string | null;
}

/** A template that nobody has asked for in this time keeps no sandboxes. */
const IDLE_MS = 30_000;

/**
 * The sandboxes of an environment that nobody holds, a pool for each template: the environment's own ones, of which some are
 * kept warm, and those that a job's snapshot or an item asks for.
 */
export class SandboxSupply {
  readonly #options: SupplyOptions;
  readonly #pools = new Map<string, SandboxPool>();
  readonly #templates: TemplateCache;
  /** Monotonic time at which a pool was needed last, by its key. */
  readonly #neededAtMs = new Map<string, number>();
  #own: Readonly<Record<Purpose, SandboxPool>>;
  #warm: number;
  /** Null when it has to be found out anew. */
  #ofOwnKind: readonly SandboxPool[] | null = null;

  constructor(options: SupplyOptions) {
    this.#options = options;
    this.#templates = new TemplateCache((purpose) => placeOf(purpose, options));
    this.#own = this.#ownPools(options.own);
    this.#warm = warmOf(options.own.spec);
  }

  get ready(): number {
    return this.#sum((pool) => pool.ready);
  }

  get starting(): number {
    return this.#sum((pool) => pool.starting);
  }

  /** Whether the template is the environment's own one of now, for whatever job. */
  isOwn({ template }: SandboxPool): boolean {
    return this.#own[template.purpose].template.kind === template.kind;
  }

  /** Of the environment's own templates: the one in trouble, if one is. */
  breaker(): BreakerState {
    this.#ofOwnKind ??= [...this.#pools.values()].filter((pool) => this.isOwn(pool));
    const states = this.#ofOwnKind.map(({ breaker }) => breaker.state());
    const worst = states.toSorted((left, right) => right.consecutiveFailures - left.consecutiveFailures)[0];
    return worst ?? this.#own.agent.breaker.state();
  }

  /** Key of the pool that a claim is served from; null need: the environment's own. */
  poolOf(purpose: Purpose, need: SandboxNeed | null): string {
    const pool = need === null ? this.#own[purpose] : this.#ensure(purpose, need);
    this.#neededAtMs.set(pool.template.key, this.#options.clock.monotonicMs());
    return pool.template.key;
  }

  views(nowMs: number): readonly PoolView[] {
    return [...this.#pools.values()].map((pool) => ({
      key: pool.template.key,
      purpose: pool.template.purpose,
      ready: pool.ready,
      starting: pool.starting,
      warm: this.#warmOf(pool),
      startAllowance: pool.breaker.allowance(nowMs),
    }));
  }

  take(key: string): PooledSandbox | undefined {
    return this.#pools.get(key)?.take();
  }

  start(key: string): void {
    this.#pools.get(key)?.start();
  }

  /** Takes over a sandbox of an earlier process, or false when no template of now is its own. */
  adopt(adopted: AdoptedSandbox): boolean {
    const pool = this.#pools.get(adopted.template);
    pool?.adopt(adopted);
    return pool !== undefined;
  }

  /** From now on the environment is like this. Warm sandboxes beyond what it wants are ended. */
  update(own: OwnSandboxes): void {
    this.#own = this.#ownPools(own);
    this.#ofOwnKind = null;
    const { agent } = this.#own;
    const fewer = this.#warm - warmOf(own.spec);
    this.#warm = warmOf(own.spec);
    if (fewer > 0) void agent.shrink(Math.min(fewer, agent.ready - this.#warm));
  }

  /**
   * Gives up the templates that nobody has needed for a while, and what is ready of the environment's own ones beyond what it
   * keeps warm; `awaited` are the pools that claims wait for.
   */
  prune(awaited: ReadonlySet<string>, nowMs: number): void {
    for (const [key, pool] of this.#pools) {
      if (pool.starting > 0 || awaited.has(key)) continue;
      if (nowMs - (this.#neededAtMs.get(key) ?? nowMs) < IDLE_MS) continue;
      if (pool === this.#own[pool.template.purpose]) {
        void pool.shrink(pool.ready - this.#warmOf(pool));
        continue;
      }
      this.#pools.delete(key);
      this.#ofOwnKind = null;
      this.#neededAtMs.delete(key);
      void pool.close(false);
    }
  }

  /** Ends what nobody holds; with `handOver` it stays for the next leader. */
  async close(handOver: boolean): Promise<void> {
    await Promise.all(Array.from(this.#pools.values(), (pool) => pool.close(handOver)));
  }

  #warmOf(pool: SandboxPool): number {
    return pool === this.#own.agent ? this.#warm : 0;
  }

  #ownPools({ spec, graderSpec }: OwnSandboxes): Readonly<Record<Purpose, SandboxPool>> {
    const grade = { spec: graderSpec ?? graderSandboxSpec(spec) };
    return {
      grade: this.#ensure("grade", grade),
      agent: this.#ensure("agent", { spec }),
    };
  }

  #ensure(purpose: Purpose, need: SandboxNeed): SandboxPool {
    const template = this.#templates.of(purpose, need);
    const pool = this.#pools.get(template.key) ?? new SandboxPool({ ...this.#options, template });
    if (this.#pools.get(template.key) !== pool) this.#ofOwnKind = null;
    this.#pools.set(template.key, pool);
    // One that is own no more begins to be idle now.
    if (!this.#neededAtMs.has(template.key))
      this.#neededAtMs.set(template.key, this.#options.clock.monotonicMs());
    return pool;
  }

  #sum(count: (pool: SandboxPool) => number): number {
    let total = 0;
    for (const pool of this.#pools.values()) total += count(pool);
    return total;
  }
}

function placeOf(purpose: Purpose, { localFolder, graderVenv }: SupplyOptions): TemplatePlace {
  return purpose === "agent" ? { localFolder, venv: null } : { localFolder: null, venv: graderVenv };
}

function warmOf(spec: SandboxSpec): number {
  return hasItemImage(spec) ? 0 : spec.warmReplicas;
}
