import { RollyardError, toRollyardError } from "../../../errors/rollyard-error.ts";
import { PODS } from "../../../kube/api-resources.ts";
import type { KubeClient } from "../../../kube/kube-client.ts";
import type { KubeObject } from "../../../kube/kube-object.ts";
import { LABELS } from "../../../kube/labels.ts";
import type { WriteResult } from "../../../kube/write-result.ts";
import { assertNever } from "../../../lib/assert-never.ts";
import type { Clock } from "../../../lib/clock.ts";
import type { Logger } from "../../../lib/logger.ts";
import type { StartProgress } from "../../port.ts";
import type { PodManifest } from "./pod-shape.ts";

/** What writes of pods work with. */
export interface PodWritesOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every waiting. */
  readonly signal: AbortSignal;
}

type Created =
  | { readonly kind: "made"; readonly uid: string }
  /** `isUnsure`: it may have been made all the same. */
  | { readonly kind: "again"; readonly isUnsure: boolean }
  | { readonly kind: "refused"; readonly error: RollyardError };

const AGAIN = { kind: "again", isUnsure: false } as const;

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const MAX_WORDS = 500;

/** Creates and deletes pods of one namespace. Both go on until the API server has said what became of it. */
export class PodWrites {
  readonly #options: PodWritesOptions;

  constructor(options: PodWritesOptions) {
    this.#options = options;
  }

  /**
   * Creates the pod and resolves with its uid. A pod has its sandbox's name, so a creation whose answer was lost is found
   * again and never made twice. Rejects with `sandbox_no_room` for a spent quota, and `sandbox_unstartable` for a pod that
   * the API server refuses; there is no such pod then.
   */
  async create(pod: PodManifest, onProgress: (progress: StartProgress) => void): Promise<string> {
    let isUnsure = false;
    for (let tries = 0; ; tries += 1) {
      if (this.#options.signal.aborted) throw noRoom("ApiServer", "closed before it was created");
      const created = await this.#createOrFind(pod, isUnsure, onProgress);
      if (created.kind === "made") {
        onProgress({ kind: "going_on" });
        return created.uid;
      }
      if (created.kind === "refused") throw created.error;
      isUnsure ||= created.isUnsure;
      await this.#pause(tries);
    }
  }

  /** Deletes the pod if it is still the one of this uid. Resolves when the API server has taken it, or when all ends. */
  async remove(name: string, uid: string): Promise<void> {
    const { logger, signal } = this.#options;
    for (let tries = 0; !signal.aborted; tries += 1) {
      try {
        if (await this.#tryRemove(name, uid)) return;
      } catch (thrown) {
        logger.warn("pod not deleted yet", { pod: name, code: toRollyardError(thrown).code });
      }
      await this.#pause(tries);
    }
  }

  /** Resolves with whether the pod of this uid is gone or going. */
  async #tryRemove(name: string, uid: string): Promise<boolean> {
    const { client, namespace, logger } = this.#options;
    const result = await client.delete(PODS, { namespace, name }, { preconditions: { uid } });
    switch (result.kind) {
      case "done":
      case "missing":
        return true;
      case "conflict":
      case "exists": {
        // Another pod has the name, or only another version of this one: the answer does not say which.
        const live = await client.get<KubeObject>(PODS, { namespace, name });
        return live?.metadata.uid !== uid;
      }
      case "forbidden":
      case "invalid":
        logger.error("the api server refuses to delete a pod", { pod: name, reason: result.kind });
        return false;
      default:
        return assertNever(result);
    }
  }

  async #createOrFind(
    pod: PodManifest,
    isUnsure: boolean,
    onProgress: (progress: StartProgress) => void,
  ): Promise<Created> {
    const created = await this.#try(() => this.#create(pod, onProgress), pod, onProgress);
    if (created.kind !== "refused" || !isUnsure) return created;
    // What refuses a second pod need not have refused the first.
    return this.#try(() => this.#find(pod, created), pod, onProgress);
  }

  async #try(
    act: () => Promise<Created>,
    { metadata: { name } }: PodManifest,
    onProgress: (progress: StartProgress) => void,
  ): Promise<Created> {
    try {
      return await act();
    } catch (thrown) {
      const error = toRollyardError(thrown);
      if (!error.code.startsWith("kube_")) throw error;
      this.#options.logger.warn("pod not created yet", { pod: name, code: error.code });
      onProgress(waiting(error.message));
      return { kind: "again", isUnsure: true };
    }
  }

  async #create(pod: PodManifest, onProgress: (progress: StartProgress) => void): Promise<Created> {
    const { client, namespace, logger } = this.#options;
    const { name } = pod.metadata;
    const result = await client.createLean(PODS, { namespace }, pod);
    if (result.kind === "exists") return this.#find(pod, AGAIN);
    if (result.kind !== "forbidden" || result.reason !== "rights") return createdFrom(result);
    logger.error("the api server lets us create no pods", { pod: name });
    onProgress(waiting(result.message));
    return AGAIN;
  }

  /** Of that name there may be a pod: ours, by an earlier try, or one that somebody else made. */
  async #find(pod: PodManifest, otherwise: Created): Promise<Created> {
    const { client, namespace } = this.#options;
    const { name, labels } = pod.metadata;
    const live = await client.get<KubeObject>(PODS, { namespace, name });
    if (live === null) return otherwise;
    const isOurs = [LABELS.sandbox, LABELS.environmentUid].every(
      (label) => live.metadata.labels?.[label] === labels[label],
    );
    if (isOurs) return { kind: "made", uid: live.metadata.uid };
    return unstartable("NameTaken", `a pod named ${name} is there already`);
  }

  async #pause(tries: number): Promise<void> {
    const { clock, signal } = this.#options;
    await clock.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries), signal);
  }
}

function createdFrom(result: Exclude<WriteResult<KubeObject>, { readonly kind: "exists" }>): Created {
  switch (result.kind) {
    case "done":
      return { kind: "made", uid: result.object.metadata.uid };
    case "conflict":
      // A quota that others were counting on at the same moment.
      return AGAIN;
    case "forbidden":
      return result.reason === "quota"
        ? { kind: "refused", error: noRoom("Quota", result.message) }
        : unstartable("Refused", result.message);
    case "invalid":
      return unstartable("Invalid", result.message);
    case "missing":
      return unstartable("NamespaceNotFound", "its namespace does not exist");
    default:
      return assertNever(result);
  }
}

/** Room may come: nothing has failed. `words` are the API server's or the scheduler's. */
export function noRoom(reason: "Quota" | "Unschedulable" | "ApiServer", words: string): RollyardError {
  return new RollyardError("sandbox_no_room", { message: words.slice(0, MAX_WORDS), details: { reason } });
}

function unstartable(reason: string, words: string): Created {
  const error = new RollyardError("sandbox_unstartable", {
    message: `The cluster can't start this sandbox: ${words.slice(0, MAX_WORDS)}`,
    details: { reason },
  });
  return { kind: "refused", error };
}

function waiting(message: string): StartProgress {
  return { kind: "waiting", pressure: { reason: "ApiServer", message: message.slice(0, MAX_WORDS) } };
}
