import type { PodContainer } from "./pod-view.ts";

/** How a pod's container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** Number of the signal, or 0. */
  readonly signal: number;
  /** `Completed`, `Error`, `OOMKilled`. */
  readonly reason: string;
  /** What it wrote for its pod's status. */
  readonly message?: string;
}

/** Why a container does not start, as a kubelet says it. */
export interface ContainerWait {
  /** `ErrImagePull`, `ImagePullBackOff`, `CrashLoopBackOff`. */
  readonly reason: string;
  readonly message: string;
}

const TYPES = ["Initialized", "ContainersReady", "Ready"] as const;

/** `status` of a pod whose container answers its readiness probe. */
export function runningStatus(containers: readonly PodContainer[], ip: string, now: string): object {
  return {
    phase: "Running",
    startTime: now,
    hostIP: "127.0.0.1",
    hostIPs: [{ ip: "127.0.0.1" }],
    podIP: ip,
    podIPs: [{ ip }],
    conditions: conditions("True", now),
    containerStatuses: containers.map((each) => ({
      ...containerStatus(each, true),
      state: { running: { startedAt: now } },
    })),
  };
}

/** `status` of a pod whose container waits. */
export function waitingStatus(containers: readonly PodContainer[], wait: ContainerWait, now: string): object {
  return {
    phase: "Pending",
    startTime: now,
    conditions: conditions("False", now, "ContainersNotReady"),
    containerStatuses: containers.map((each) => ({
      ...containerStatus(each, false),
      state: { waiting: wait },
    })),
  };
}

/** `status` of a pod whose container ended; `pod` says what a kubelet says about the whole pod, as on eviction. */
export function endedStatus(
  containers: readonly PodContainer[],
  end: ContainerEnd,
  { now, pod = {} }: { readonly now: string; readonly pod?: object },
): object {
  return {
    phase: end.exitCode === 0 ? "Succeeded" : "Failed",
    conditions: conditions("False", now, end.exitCode === 0 ? "PodCompleted" : "PodFailed"),
    containerStatuses: containers.map((each) => ({
      ...containerStatus(each, false),
      state: { terminated: { ...end, startedAt: now, finishedAt: now } },
    })),
    ...pod,
  };
}

function conditions(ready: "True" | "False", now: string, reason?: string): readonly object[] {
  return TYPES.map((type) => ({
    type,
    status: type === "Initialized" ? "True" : ready,
    lastTransitionTime: now,
    ...(reason === undefined || type === "Initialized" ? {} : { reason }),
  }));
}

function containerStatus({ name, image }: PodContainer, isUp: boolean): object {
  return { name, image, imageID: "", ready: isUp, started: isUp, restartCount: 0 };
}
