import type { SandboxSpec } from "../environment/sandbox-spec.ts";

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
  writeFile(path: string, content: Uint8Array, callId: string): Promise<void>;
  /** Kills every process and refuses further commands; files can still be read. */
  freeze(): Promise<void>;
}

/** How a sandbox ended. */
export type SandboxEnd =
  /** We stopped it. */
  | { readonly kind: "stopped" }
  /** sandboxd ended by itself on a healthy node: the agent's doing, data. */
  | { readonly kind: "killed_by_agent"; readonly exitCode: number | null; readonly signal: string | null }
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
}

/** Starts sandboxes of one kind on this machine or a cluster. */
export interface SandboxLauncher {
  readonly name: "bubblewrap" | "unshare" | "docker" | "process" | "kubernetes";
  /** Whole sentences: what of the spec this launcher can't enforce here. */
  readonly notEnforced: readonly string[];
  /** Resolves when sandboxd says ready; rejects with `sandbox_start_failed` or `sandbox_setup_failed`. */
  start(request: LaunchRequest): Promise<LaunchedSandbox>;
  /** Stops every sandbox of this launcher and removes what it made. */
  close(): Promise<void>;
}
