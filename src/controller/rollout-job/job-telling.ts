import { API_GROUP, API_VERSION, ROLLOUT_JOB_KIND } from "../../kube/api-group.ts";
import type { EventRecorder, EventSubject } from "../../kube/control/event-recorder.ts";
import type { StatusWriter } from "../../kube/control/status-writer.ts";
import type { Clock } from "../../lib/clock.ts";
import { conditionsIn } from "./cached-job.ts";
import type { CachedJob, MetaCondition } from "./cached-job.ts";
import { clusterStatus, rolloutsIn } from "./cluster-status.ts";
import { hasEnded } from "./job-actor.ts";
import type { JobActor } from "./job-actor.ts";
import { clusterConditions, conditionEvents } from "./job-conditions.ts";
import type { ClusterFacts, SandboxPressure } from "./job-conditions.ts";
import type { RunningJob } from "./running-job.ts";

/** What telling of jobs needs of the world. */
export interface JobTellingDeps {
  readonly status: StatusWriter;
  /** Why no sandbox of an environment starts though nothing has failed; null while they do. */
  readonly pressureOf: (environmentUid: string) => SandboxPressure | null;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly isBusDown: () => boolean;
  /** Origins of the model endpoints that throttle some worker now. */
  readonly throttled: () => readonly string[];
}

type Seen = Pick<JobActor, "running" | "record" | "blocked" | "lost">;

/** Tells users how their jobs stand: by the status, and by events where a condition has come to hold. */
export class JobTelling {
  readonly #deps: JobTellingDeps;

  constructor(deps: JobTellingDeps) {
    this.#deps = deps;
  }

  /** Makes a job's status what it should be; resolves with the time after which to try again, or null. */
  async tell(job: CachedJob, seen: Seen): Promise<number | null> {
    // An end that is written is the last word.
    if (job.isDeleting || hasEnded(job)) return null;
    const before = conditionsIn(job.status);
    const { running, record } = seen;
    const conditions = clusterConditions(this.#facts(job, seen), this.#deps.clock.nowMs(), before);
    const wanted = clusterStatus({
      before: job.status,
      ledger: running?.runner.ledger ?? null,
      record,
      conditions,
      generation: job.generation,
    });
    const { namespace, name, uid, resourceVersion } = job;
    const metadata = { namespace, name, uid, resourceVersion };
    const end = await this.#deps.status.write({ metadata, status: job.status }, wanted);
    if (end.kind === "later") return end.againAfterMs;
    if (end.kind === "written") this.#say(job, before, conditions);
    return null;
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#deps.status.forget(uid);
  }

  #facts(job: CachedJob, { running, record, blocked, lost }: Seen): ClusterFacts {
    const isSuspended = job.spec.ok && job.spec.value.suspend;
    return {
      isSuspended,
      isBusDown: this.#deps.isBusDown(),
      ...(running === null ? idleFacts(job) : this.#runningFacts(running)),
      blocked: isSuspended ? null : blocked,
      pressure: running === null || record === null ? null : this.#deps.pressureOf(record.environmentUid),
      recordLost: lost,
      generation: job.generation,
    };
  }

  #runningFacts({ runner, state, job }: RunningJob) {
    const { origin } = new URL(job.spec.model.baseURL);
    const { total, counts } = runner.ledger;
    return {
      end: state.kind === "ended" ? state.end : null,
      rollouts: { total, graded: counts.graded, failed: counts.failed },
      fullStreams: runner.fullStreams,
      silentStreams: runner.silentStreams,
      throttled: this.#deps.throttled().includes(origin) ? [origin] : [],
    };
  }

  #say(job: CachedJob, before: readonly MetaCondition[], after: readonly MetaCondition[]): void {
    const subject = subjectOf(job);
    for (const event of conditionEvents(before, after)) this.#deps.events.record(subject, event);
  }
}

function idleFacts({ status }: CachedJob) {
  return { end: null, rollouts: rolloutsIn(status), fullStreams: [], silentStreams: [], throttled: [] };
}

function subjectOf({ namespace, name, uid }: CachedJob): EventSubject {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: ROLLOUT_JOB_KIND.kind, namespace, name, uid };
}
