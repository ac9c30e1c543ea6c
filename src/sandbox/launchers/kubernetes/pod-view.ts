import type { Cached } from "../../../kube/cache/object-store.ts";
import { objectKey } from "../../../kube/kube-object.ts";
import type { KubeObject } from "../../../kube/kube-object.ts";
import { LABELS } from "../../../kube/labels.ts";
import type { JsonObject } from "../../../lib/json.ts";
import type { SharedTexts } from "../../../lib/shared-texts.ts";
import { listOrEmpty, objectOrEmpty, textOrUndefined } from "../../../lib/half-valid.ts";
import { SANDBOX_CONTAINER } from "./pod-shape.ts";

/** How a container that runs no more has ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  readonly signal: number;
  readonly reason: string;
  /** What it left in its termination file, or the end of its log. After it was ready, the agent may have written it. */
  readonly message: string;
}

/** A reason in one word, and the words of whoever gave it. */
export interface StatusReason {
  readonly reason: string;
  readonly message: string;
}

/** What the cache keeps of a sandbox's pod: as little as a verdict needs, for there are ten thousand. */
export interface PodView extends Cached {
  readonly namespace: string;
  readonly name: string;
  /** As on the bus. */
  readonly environmentUid: string;
  readonly sandboxUid: string;
  readonly template: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly isDeleting: boolean;
  /** It knows no key of those that sign now: they were rotated twice since it was made. */
  readonly isLockedOut?: true;
  readonly nodeName?: string;
  readonly podIP?: string;
  /** Of the pod's status as a whole, such as Evicted. */
  readonly status?: StatusReason;
  /** Why Kubernetes itself ends it: the condition DisruptionTarget. */
  readonly disruption?: StatusReason;
  /** Why no node takes it. */
  readonly unscheduled?: StatusReason;
  /** Why a container does not start. */
  readonly waiting?: StatusReason;
  /** The sandbox's own container, or the one that installs sandboxd if it failed. */
  readonly ended?: ContainerEnd;
}

/** The label selector of all pods of sandboxes. */
export const SANDBOX_PODS = `${LABELS.component}=sandbox`;

/** Of sandboxd; the public keys that it accepts follow. */
const KEYS_OPTION = "--keys";
const MAX_MESSAGE = 500;
/** Sandboxd's word of a failed setup is whole only at its full length. */
const MAX_TERMINATION = 4096;

/** What pods are looked at with. */
export interface PodSight {
  /** What pods have in common is kept once. */
  readonly texts: SharedTexts;
  /** Of the key that signs now; undefined where none ever changes. */
  readonly kid?: string | undefined;
}

/** Keeps what a verdict needs of a pod. */
export function viewPod(pod: KubeObject, { texts, kid }: PodSight): PodView {
  const { namespace = "", name, uid, resourceVersion, labels = {}, deletionTimestamp } = pod.metadata;
  const { spec, status } = pod as { readonly spec?: unknown; readonly status?: unknown };
  const found = objectOrEmpty(status);
  return {
    key: objectKey(pod.metadata),
    uid,
    resourceVersion,
    namespace: texts.one(namespace),
    name,
    environmentUid: texts.one(labels[LABELS.environmentUid] ?? ""),
    sandboxUid: labels[LABELS.sandbox] ?? "",
    template: texts.one(labels[LABELS.template] ?? ""),
    phase: texts.one(textOrUndefined(found["phase"]) ?? "Pending"),
    isReady: conditionOf(found, "Ready")?.["status"] === "True",
    isDeleting: deletionTimestamp !== undefined,
    ...(kid === undefined || knowsKey(objectOrEmpty(spec), kid) ? {} : { isLockedOut: true }),
    ...present("nodeName", sharedOrUndefined(texts, objectOrEmpty(spec)["nodeName"])),
    ...present("podIP", textOrUndefined(found["podIP"])),
    ...statusFacts(found),
  };
}

/** One that says nothing of keys may know it. */
function knowsKey(spec: JsonObject, kid: string): boolean {
  const container = listOrEmpty(spec["containers"])
    .map(objectOrEmpty)
    .find(({ name }) => name === SANDBOX_CONTAINER);
  const args = listOrEmpty(container?.["args"]);
  const at = args.indexOf(KEYS_OPTION);
  return at < 0 || (textOrUndefined(args[at + 1]) ?? "").includes(kid);
}

function sharedOrUndefined(texts: SharedTexts, value: unknown): string | undefined {
  const text = textOrUndefined(value);
  return text === undefined ? undefined : texts.one(text);
}

function statusFacts(status: JsonObject): Partial<PodView> {
  const disruption = conditionOf(status, "DisruptionTarget");
  const scheduled = conditionOf(status, "PodScheduled");
  return {
    ...present("status", textOrUndefined(status["reason"]) === undefined ? undefined : reasonOf(status)),
    ...present("disruption", disruption?.["status"] === "True" ? reasonOf(disruption) : undefined),
    ...present("unscheduled", scheduled?.["status"] === "False" ? reasonOf(scheduled) : undefined),
    ...containerFacts(status),
  };
}

function containerFacts(status: JsonObject): Partial<PodView> {
  const states = (field: string): readonly JsonObject[] => listOrEmpty(status[field]).map(objectOrEmpty);
  const own = states("containerStatuses").find(({ name }) => name === SANDBOX_CONTAINER);
  const before = states("initContainerStatuses");
  const waiting = [...before, ...(own === undefined ? [] : [own])]
    .map((container) => objectOrEmpty(objectOrEmpty(container["state"])["waiting"]))
    .find(({ reason }) => typeof reason === "string" && !NORMAL_WAITS.has(reason));
  const failed = before.map(endOf).find((end) => end !== undefined && end.exitCode !== 0);
  return {
    ...present("waiting", waiting === undefined ? undefined : reasonOf(waiting)),
    ...present("ended", failed ?? (own === undefined ? undefined : endOf(own))),
  };
}

const NORMAL_WAITS = new Set(["PodInitializing", "ContainerCreating"]);

function endOf(container: JsonObject): ContainerEnd | undefined {
  const { terminated } = objectOrEmpty(container["state"]);
  if (terminated === undefined || terminated === null) return undefined;
  const { exitCode, signal, message } = objectOrEmpty(terminated);
  return {
    exitCode: typeof exitCode === "number" ? exitCode : 0,
    signal: typeof signal === "number" ? signal : 0,
    reason: textOrUndefined(objectOrEmpty(terminated)["reason"]) ?? "",
    message: (textOrUndefined(message) ?? "").slice(0, MAX_TERMINATION),
  };
}

function conditionOf(status: JsonObject, type: string): JsonObject | undefined {
  return listOrEmpty(status["conditions"])
    .map(objectOrEmpty)
    .find((condition) => condition["type"] === type);
}

function reasonOf(object: JsonObject): StatusReason {
  return {
    reason: textOrUndefined(object["reason"]) ?? "",
    message: (textOrUndefined(object["message"]) ?? "").slice(0, MAX_MESSAGE),
  };
}

function present<K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<K, T>>);
}
