import type { SandboxSpec } from "../../environment/sandbox-spec.ts";

/** What the launchers of this machine are made from. */
export interface LocalLauncherOptions {
  /** Path of the sandboxd program. */
  readonly sandboxd: string;
  /** Whose limits the sentences of `notEnforced` are about. */
  readonly spec: SandboxSpec;
}
