import type { Bus } from "../../bus/port.ts";
import { getSpec } from "../../bus/specs.ts";
import { specSubject } from "../../bus/subjects.ts";
import { toRollyardError } from "../../errors/rollyard-error.ts";
import { loadRecord } from "../../job/job-record.ts";
import { objectOrEmpty, textOrUndefined } from "../../lib/half-valid.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { findLastServed } from "../../trace/served-record.ts";
import { planSweep, uidsIn } from "./plan-sweep.ts";

/** What sweeping of snapshots needs of the world. */
export interface SpecSweeperDeps {
  readonly bus: Pick<Bus, "subjects" | "readLast" | "purge" | "read" | "publish">;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly logger: Logger;
  /** Only snapshots of this namespace are swept; undefined for all. */
  readonly namespace: string | undefined;
}

const HASH = /^\$KV\.rollyard-specs\.([0-9a-f]{64})$/u;
const SERVED = /^\$KV\.rollyard-specs\.served\.([^.]+)\.([^.]+)$/u;

/**
 * Removes snapshots that no job's record and no Environment that is or was served names any more: of a job that was deleted between
 * the two writes of its start, of one whose object was removed by force, and of Environments as they were served before. Of a
 * namespace with traces all stay, for a trace goes on with the snapshot that it began with.
 */
export class SpecSweeper {
  readonly #deps: SpecSweeperDeps;
  #unnamedSince: ReadonlyMap<string, number> = new Map();

  constructor(deps: SpecSweeperDeps) {
    this.#deps = deps;
  }

  /** Looks once, and removes what nobody has named for an hour. Rejects with `bus_unavailable`. */
  async look(): Promise<void> {
    const { bus, clock } = this.#deps;
    const subjects = [...(await bus.subjects("specs", specSubject(">"))).keys()];
    const named = await this.#named(subjects);
    const hashes = subjects.flatMap((subject) => HASH.exec(subject)?.[1] ?? []);
    const look = { unknownSince: this.#unnamedSince, nowMs: clock.monotonicMs() };
    const plan = planSweep(hashes, (hash) => named.has(hash), look);
    if (plan.sweep.length > 0) await this.#sweepUnlessNamed(plan.sweep);
    this.#unnamedSince = plan.unknownSince;
  }

  /** Looks once more for what has been named meanwhile: a namesake may have been begun in between. */
  async #sweepUnlessNamed(hashes: readonly string[]): Promise<void> {
    const named = await this.#named([...(await this.#deps.bus.subjects("specs", specSubject(">"))).keys()]);
    for (const hash of hashes) if (!named.has(hash)) await this.#sweep(hash);
  }

  async #named(subjects: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set([...(await this.#namedByJobs(subjects)), ...(await this.#namedByServed(subjects))]);
  }

  async #namedByJobs(subjects: readonly string[]): Promise<readonly string[]> {
    const named: string[] = [];
    for (const job of uidsIn(subjects)) {
      const stored = await loadRecord(this.#deps.bus, job);
      if (stored !== null) named.push(stored.record.specHash);
    }
    return named;
  }

  async #namedByServed(subjects: readonly string[]): Promise<readonly string[]> {
    const named: string[] = [];
    for (const subject of subjects) {
      const [, namespace, name] = SERVED.exec(subject) ?? [];
      if (namespace === undefined || name === undefined) continue;
      const served = await findLastServed(this.#deps.bus, { namespace, name });
      if (served !== null) named.push(served.specHash);
    }
    return named;
  }

  async #sweep(hash: string): Promise<void> {
    const { bus, logger } = this.#deps;
    const namespace = await this.#namespaceOf(hash);
    if (this.#deps.namespace !== undefined && namespace !== this.#deps.namespace) return;
    if ((await bus.subjects("events", `rollyard.traces.${namespace ?? "*"}.>`)).size > 0) return;
    await bus.purge("specs", specSubject(hash));
    logger.info("a snapshot that nothing names swept", { namespace: namespace ?? "", spec_hash: hash });
  }

  /** Null for one that can't be read. */
  async #namespaceOf(hash: string): Promise<string | null> {
    try {
      const { namespace } = objectOrEmpty(await getSpec(this.#deps.bus, hash));
      return textOrUndefined(namespace) ?? null;
    } catch (error) {
      if (toRollyardError(error).code === "log_corrupt") return null;
      throw error;
    }
  }
}
