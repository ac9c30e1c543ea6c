import type { SandboxSpec } from "../environment/sandbox-spec.ts";
import type { SandboxTree, TreeLimits } from "./sandbox-tree.ts";

/** Where sandboxd listens. */
export type SandboxEndpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** A command for sandboxd. The call id makes it run at most once. */
export interface ExecRequest {
  readonly callId: string;
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** Relative to the workdir. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
}

/** What sandboxd answers of a command that ended. */
export interface ExecResult {
  readonly exitCode: number;
  /** Name of the signal that ended it, or empty. */
  readonly signal: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncatedBytes: number;
  readonly invalidBytes: number;
  readonly timedOut: boolean;
  readonly outOfMemory: boolean;
  readonly durationMs: number;
  /** The stored answer of an earlier request with the same call id. */
  readonly replayed: boolean;
}

/**
 * A leased sandbox as its driver or grader sees it.
 * Every method rejects with `sandbox_unreachable` or `sandbox_lost` (class sandbox), or with `sandbox_killed` when
 * sandboxd itself ended by the agent's doing; `sandbox_protocol_error` is a bug.
 */
export interface SandboxSession {
  readonly sandboxUid: string;
  exec(request: ExecRequest, signal?: AbortSignal): Promise<ExecResult>;
  /** The file's bytes, or null when it is absent or no regular file. */
  readFile(path: string, maxBytes: number): Promise<Uint8Array | null>;
  /** `mode` is of a new file; 0o644 by default. */
  writeFile(path: string, content: Uint8Array, callId: string, mode?: number): Promise<void>;
  /** The regular files at and below a path of the workdir; no link is followed. Only of a frozen sandbox. */
  readTree(path: string, limits: TreeLimits): Promise<SandboxTree>;
  /** Kills every process and refuses further commands; files can still be read. */
  freeze(): Promise<void>;
}

/** How a sandbox ended. */
export type SandboxEnd =
  /** We stopped it. */
  | { readonly kind: "stopped" }
  /** sandboxd ended by itself on a healthy node: the agent's doing, data. */
  | {
      readonly kind: "killed_by_agent";
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Short facts of the node's, such as that memory ran out. */
      readonly facts?: Readonly<Record<string, string>>;
    }
  /** The node, or the supervisor that plays it, is gone: class sandbox. */
  | { readonly kind: "node_lost"; readonly detail: string };

/** A sandbox that answered ready. */
export interface LaunchedSandbox {
  readonly sandboxUid: string;
  readonly endpoint: SandboxEndpoint;
  /** Resolves once, when it has ended for whatever reason. */
  readonly ended: Promise<SandboxEnd>;
  /** Ends it and removes everything of it; safe to repeat. */
  stop(): Promise<void>;
}

/** Why a cluster takes no more sandboxes now; nobody's failure. */
export interface StartPressure {
  /** Of the conditions' reasons: a spent quota, no node with room, or an API server that does not answer. */
  readonly reason: "Quota" | "Unschedulable" | "ApiServer";
  /** In the words of the API server or the scheduler. */
  readonly message: string;
}

/** What a sandbox that starts goes through, where a launcher can tell. */
export type StartProgress =
  /** It waits for room; told again when the words change. */
  | { readonly kind: "waiting"; readonly pressure: StartPressure }
  /** There was room for it, or there is now. */
  | { readonly kind: "going_on" };

/** How a cluster shall treat the sandboxes of one template. */
export interface Placement {
  /** Tells sandboxes of one template from those of another. */
  readonly template: string;
  readonly priorityClassName?: string | undefined;
  /** Of Kueue. */
  readonly queueName?: string | undefined;
}

/** What a launcher needs to start one sandbox. */
export interface LaunchRequest {
  readonly sandboxUid: string;
  readonly spec: SandboxSpec;
  /** Absolute path of the folder to copy into the workdir, or null for an empty one. */
  readonly localFolder: string | null;
  /**
   * Absolute path of a virtual environment of this machine's Python, or null. Its `bin` comes first on the sandbox's
   * PATH; where the launcher isolates, it can be read and not written.
   */
  readonly venv?: string | null;
  /** Public keys that sandboxd accepts tokens of. */
  readonly publicKeys: readonly { readonly kid: string; readonly x: string }[];
  /** For launchers on a cluster. */
  readonly placement?: Placement;
  readonly onProgress?: (progress: StartProgress) => void;
}

/** A sandbox that an earlier process started. */
export interface AdoptedSandbox {
  readonly sandboxUid: string;
  /** See {@link Placement}. */
  readonly template: string;
  /** Settles as a start does. */
  readonly ready: Promise<LaunchedSandbox>;
  /** Ends it, ready or not. */
  stop(): Promise<void>;
}

/** Starts sandboxes of one kind on this machine or a cluster. */
export interface SandboxLauncher {
  readonly name: "bubblewrap" | "unshare" | "gvisor" | "docker" | "process" | "kubernetes";
  /** Whole sentences: what of the spec this launcher can't enforce here. */
  readonly notEnforced: readonly string[];
  /**
   * Resolves when sandboxd says ready; rejects with `sandbox_start_failed` or `sandbox_setup_failed`, on a cluster also with
   * `sandbox_unstartable`, `sandbox_no_room` or `sandbox_lost`.
   */
  start(request: LaunchRequest): Promise<LaunchedSandbox>;
  /**
   * Where sandboxes outlive the process that started them: those that this launcher does not know yet. The leased ones
   * have been ready, whatever they are by now.
   */
  adopt?(leased: ReadonlySet<string>): readonly AdoptedSandbox[];
  /** Lets go of everything: sandboxes that would die with this process are stopped, and what it made is removed. */
  close(): Promise<void>;
}
