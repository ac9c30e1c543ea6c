import { toRollyardError } from "../../errors/rollyard-error.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/logger.ts";
import { EVENTS } from "../api-resources.ts";
import type { KubeClient } from "../kube-client.ts";
import type { KubeObject } from "../kube-object.ts";

/** What is said of an object; `kubectl describe` shows it. Never prompts, outputs, items or keys. */
export interface KubeEvent {
  readonly type: "Normal" | "Warning";
  /** One stable word, for programs. */
  readonly reason: string;
  /** A sentence, for people. */
  readonly message: string;
}

/** The object that an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** How events get to the API server. */
export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of this process, as the leader's lease has it. */
  readonly instance: string;
  /** Makes the end of an event's name: lower-case letters and digits, different each time. */
  readonly newId: () => string;
}

const COMPONENT = "rollyard-controller";
/** The same event of an object is said once in this time. */
const QUIET_MS = 600_000;
const REMEMBERED = 4096;
const LONGEST_MESSAGE = 1024;

/** Tells users what happens to an object. Events are hints: one that can't be written is lost, and nothing waits for it. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** When an event was last said, by all that makes it itself; the oldest first. */
  readonly #said = new Map<string, number>();
  readonly #writing = new Set<Promise<void>>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Says it, unless it was said a short while ago. Never throws. */
  record(subject: EventSubject, event: KubeEvent): void {
    const key = JSON.stringify([subject.uid, event.reason, event.message]);
    const nowMs = this.#options.clock.monotonicMs();
    const lastMs = this.#said.get(key) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < QUIET_MS) return;
    this.#remember(key, nowMs);
    const writing = this.#write(subject, event).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Resolves when what was said until now is written or lost. */
  async flush(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #remember(key: string, nowMs: number): void {
    this.#said.delete(key);
    this.#said.set(key, nowMs);
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= REMEMBERED) return;
      this.#said.delete(oldest);
    }
  }

  /** Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ */
  async #write(subject: EventSubject, { type, reason, message }: KubeEvent): Promise<void> {
    const { client, clock, instance, newId, logger } = this.#options;
    const { namespace } = subject;
    const time = new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/u, "Z");
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${subject.name}.${newId()}`, namespace },
      involvedObject: subject,
      type,
      reason,
      message: message.slice(0, LONGEST_MESSAGE),
      source: { component: COMPONENT },
      reportingComponent: COMPONENT,
      reportingInstance: instance,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
    try {
      const { kind } = await client.create<KubeObject>(EVENTS, { namespace }, event);
      if (kind !== "done") logger.debug("an event was not taken", { reason, answer: kind });
    } catch (error) {
      logger.debug("an event was not written", { reason, code: toRollyardError(error).code });
    }
  }
}
