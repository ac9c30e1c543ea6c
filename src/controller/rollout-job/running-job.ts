import type { Bus } from "../../bus/port.ts";
import type { EnvironmentSpec } from "../../environment/environment.ts";
import { toRollyardError } from "../../errors/rollyard-error.ts";
import type { RollyardError } from "../../errors/rollyard-error.ts";
import { parseIndexRanges } from "../../job/index-ranges.ts";
import type { JobEnd } from "../../job/job-end.ts";
import type { JobIdentity } from "../../job/job-identity.ts";
import { JobRunner } from "../../job/job-runner.ts";
import type { RunEnd } from "../../job/job-runner.ts";
import type { CountedOutcome } from "../../job/rebuild-ledger.ts";
import type { RecordedOutcomes } from "../../job/record-lost.ts";
import type { RolloutJobSpec } from "../../job/rollout-job.ts";
import type { Clock } from "../../lib/clock.ts";
import type { JsonObject } from "../../lib/json.ts";
import type { Logger } from "../../lib/logger.ts";
import type { AttemptRef } from "../../rollout/attempt-ref.ts";
import type { IdSource } from "../../rollout/ids.ts";
import type { DispatchBoard } from "./dispatch-board.ts";
import { endpointKey } from "./dispatch-board.ts";

/** What runs a job's rollouts. */
export interface RunningJobDeps {
  readonly bus: Bus;
  readonly board: DispatchBoard;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly onOutcome: (counted: CountedOutcome) => void;
  /** An early end was decided: it has to be on record before anything is cancelled. */
  readonly onEnding: (end: JobEnd) => Promise<void>;
  /** Its state has changed. */
  readonly onChange: () => void;
}

/** What a job runs with. */
export interface JobInHand {
  readonly identity: JobIdentity;
  /** As its object has it now. */
  readonly spec: RolloutJobSpec;
  /** As it was at the start. */
  readonly environment: EnvironmentSpec;
  readonly rows: readonly JsonObject[];
  /** Whether rollouts are dispatched, or only those counted that are still under way. */
  readonly mode: "runs" | "watches";
  readonly recorded?: RecordedOutcomes;
  readonly earlierSeconds: number;
  readonly ending: JobEnd | null;
}

/** How it goes. */
export type RunningState =
  | { readonly kind: "working" }
  | { readonly kind: "suspended" }
  | { readonly kind: "ended"; readonly end: JobEnd }
  /** The streams hold less than its status says. */
  | { readonly kind: "lost"; readonly error: RollyardError }
  /** By an error of ours: it has to be begun again. */
  | { readonly kind: "broken"; readonly error: RollyardError };

/** One job that this process runs or watches, from one state of its spec to the next. */
export class RunningJob {
  readonly job: JobInHand;
  readonly runner: JobRunner;
  readonly #deps: RunningJobDeps;
  readonly #stopping = new AbortController();
  #state: RunningState = { kind: "working" };
  #running: Promise<void> = Promise.resolve();

  constructor(deps: RunningJobDeps, job: JobInHand) {
    this.#deps = deps;
    this.job = job;
    const { identity, rows, spec, ending, recorded, earlierSeconds } = job;
    const { indexes } = spec;
    const share = deps.board.join(identity.jobUid, {
      look: () => this.#look(),
      nudge: () => this.runner.nudge(),
    });
    this.runner = new JobRunner(
      { ...deps, share, settlesElsewhere: true, signal: this.#stopping.signal },
      {
        identity,
        spec: job.mode === "runs" ? spec : withoutDeadline(spec),
        items: rows,
        indexes: indexes === undefined ? null : parseIndexRanges(indexes),
        earlierSeconds,
        ...(recorded === undefined ? {} : { recorded }),
        ...(ending === null ? {} : { ending }),
      },
    );
  }

  get state(): RunningState {
    return this.#state;
  }

  /** Begins; {@link RunningJobDeps.onChange} tells when there is something to see. */
  start(): void {
    this.#running = this.#run();
  }

  /** The attempt's driver needs its sandbox no more. */
  released(ref: AttemptRef): void {
    this.runner.released(ref);
    this.#deps.board.changed();
  }

  /** Cancels what is under way, so that it can go on later; resolves once that is on record, or the job has ended. */
  async suspend(): Promise<void> {
    this.runner.interrupt("job_suspended");
    await this.#running;
  }

  /** Leaves everything as it is; whoever comes next goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.runner.nudge();
    await this.#running;
  }

  #look() {
    const { identity, spec, mode } = this.job;
    return {
      namespace: identity.namespace,
      priority: spec.priority,
      endpoint: endpointKey(spec.model.baseURL),
      active: this.runner.ledger.counts.active,
      wanted: mode === "runs" && this.#state.kind === "working" ? this.runner.wanted : 0,
    };
  }

  async #run(): Promise<void> {
    const { board, onChange } = this.#deps;
    try {
      this.#state = stateAfter(await this.runner.run());
    } catch (thrown) {
      const error = toRollyardError(thrown);
      if (!this.#stopping.signal.aborted) {
        this.#state = { kind: error.code === "record_lost" ? "lost" : "broken", error };
      }
    }
    board.leave(this.job.identity.jobUid);
    onChange();
  }
}

function stateAfter(end: RunEnd): RunningState {
  return end.condition === "Suspended" ? { kind: "suspended" } : { kind: "ended", end };
}

/** The time of a suspended job does not count. */
function withoutDeadline(spec: RolloutJobSpec): RolloutJobSpec {
  return { ...spec, deadlineSeconds: undefined };
}

/** What of a spec a runner works by and may change meanwhile, as a text to compare. */
export function workedBy({ parallelism, deadlineSeconds, retry, budget, priority }: RolloutJobSpec): string {
  return JSON.stringify([parallelism, deadlineSeconds, retry, budget, priority]);
}
