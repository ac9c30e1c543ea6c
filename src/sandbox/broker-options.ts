import type { BusAdmin, LogStore, Messenger } from "../bus/port.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/logger.ts";
import type { RolloutRef } from "./claim-key.ts";
import type { SandboxLauncher, StartPressure } from "./port.ts";
import type { Purpose } from "./purpose.ts";
import type { SandboxNeed } from "./sandbox-need.ts";
import type { OwnSandboxes } from "./sandbox-supply.ts";
import type { SigningKeySet } from "./signing-keys.ts";
import type { BreakerState } from "./start-breaker.ts";

/** What the broker of one environment works with. */
export interface BrokerOptions extends OwnSandboxes {
  readonly bus: LogStore & Messenger & Pick<BusAdmin, "subjects" | "purge">;
  readonly launcher: SandboxLauncher;
  readonly namespace: string;
  readonly environmentUid: string;
  /** Absolute path of the folder whose copy is the agent's workdir, or null. */
  readonly localFolder: string | null;
  /** Virtual environment of the graders' sandboxes, absolute; none by default. */
  readonly graderVenv?: string | undefined;
  readonly keys: SigningKeySet;
  readonly clock?: Clock;
  /** Makes sandbox uids: lower-case letters and digits. */
  readonly newId?: () => string;
  readonly logger?: Logger;
  /** Most sandboxes at once, held, ready and starting together. */
  readonly maxSandboxes?: number;
  readonly tokenLifetimeMs?: number;
  /** Releases that are kept in memory, the latest. */
  readonly keptReleases?: number;
  /** Whether an attempt may go on in a new sandbox when its own was lost: `recovery.mode: replay`. */
  readonly replacesLost?: boolean;
  /** What an attempt's sandbox is made from, or null while its job is not known. Without it: what the environment is now. */
  readonly needOf?: (ref: AttemptRef, purpose: Purpose) => SandboxNeed | null;
  readonly observer?: BrokerObserver;
}

/** Told of what metrics count. */
export interface BrokerObserver {
  /** `source` is cold when a claim waited for it, warm when it was started ahead. */
  started?(purpose: Purpose, source: "warm" | "cold", startedMs: number): void;
  startFailed?(purpose: Purpose, code: string): void;
  /** What an earlier process left was retired here: a lease whose sandbox is gone, or a sandbox that nobody needs. */
  orphanRemoved?(): void;
  claimed?(purpose: Purpose, source: "warm" | "cold", waitedMs: number): void;
}

/** How many sandboxes there are of each state. */
export interface BrokerSnapshot {
  readonly ready: number;
  readonly starting: number;
  readonly leased: number;
  /** All of them. */
  readonly replicas: number;
  readonly waiting: number;
  /** How long the oldest claim that waits has waited; null without any. */
  readonly oldestWaitMs: number | null;
  /** Starts that failed since the broker began. */
  readonly failed: number;
  /** Of the environment's own templates. */
  readonly breaker: BreakerState;
  /** Why the cluster takes no more sandboxes now; null while it does. */
  readonly pressure: StartPressure | null;
}

/** Which attempt a release is for. */
export type ReleaseRef = RolloutRef & { readonly attempt: number };
