import type { Bus } from "../../bus/port.ts";
import type { StreamName } from "../../bus/streams.ts";
import { toRollyardError } from "../../errors/rollyard-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { planSweep, uidsIn } from "./plan-sweep.ts";
import type { FoundUid } from "./plan-sweep.ts";
import { purgeJob } from "./purge-job.ts";
import { SpecSweeper } from "./spec-sweeper.ts";

/** What sweeping needs of the world. */
export interface UidSweeperDeps {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a full list of the API server has an object of that uid. */
  readonly isLive: (jobUid: string) => boolean;
  /** Only what is in this namespace is swept; undefined for all. */
  readonly namespace: string | undefined;
}

const LOOK_MS = 1_800_000;

/**
 * Removes what stayed on the bus of jobs whose objects are gone: of an object that was removed by force, and what a worker or
 * grader had still on its way when its job was purged.
 */
export class UidSweeper {
  readonly #deps: UidSweeperDeps;
  readonly #specs: SpecSweeper;
  #unknownSince: ReadonlyMap<string, number> = new Map();

  constructor(deps: UidSweeperDeps) {
    this.#deps = deps;
    this.#specs = new SpecSweeper(deps);
  }

  /** Looks every half an hour until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        logger.warn("sweeping was put off", { code: toRollyardError(error).code });
      }
      await clock.sleep(LOOK_MS, signal);
    }
  }

  /** Looks once, and sweeps what has been unknown for an hour. Rejects with `bus_unavailable`. */
  async look(): Promise<void> {
    const { isLive, clock } = this.#deps;
    const found = await this.#found();
    const look = { unknownSince: this.#unknownSince, nowMs: clock.monotonicMs() };
    const plan = planSweep(found.keys(), isLive, look);
    for (const jobUid of plan.sweep) {
      const job = found.get(jobUid);
      if (job !== undefined) await this.#sweep(job);
    }
    this.#unknownSince = plan.unknownSince;
    await this.#specs.look();
  }

  async #found(): Promise<ReadonlyMap<string, FoundUid>> {
    const { bus, namespace = "*" } = this.#deps;
    const filters: readonly (readonly [StreamName, string])[] = [
      ["specs", `$KV.rollyard-specs.jobs.${namespace}.>`],
      ["work", `rollyard.work.*.${namespace}.>`],
      ["events", `rollyard.events.${namespace}.>`],
      ["outcomes", `rollyard.outcomes.${namespace}.>`],
    ];
    const found = new Map<string, FoundUid>();
    for (const [stream, filter] of filters) {
      const subjects = await bus.subjects(stream, filter);
      for (const each of uidsIn(subjects.keys())) found.set(each.jobUid, each);
    }
    return found;
  }

  async #sweep(job: FoundUid): Promise<void> {
    const { bus, logger } = this.#deps;
    // A namesake that was made since may have the same snapshot: it goes once nobody names it.
    await purgeJob(bus, { ...job, specHash: null });
    logger.info("records of a job without an object swept", {
      namespace: job.namespace,
      job_uid: job.jobUid,
    });
  }
}
