import { newBaseFolder } from "./base-folder.ts";
import { Supervisor } from "./supervisor.ts";

const TRIES = 3;

/** A supervisor and the folder that it owns. */
export interface LaunchedSupervisor {
  readonly supervisor: Supervisor;
  readonly base: string;
}

/**
 * Starts a supervisor in a base folder of its own; in another one when somebody who sweeps took a folder that was made
 * and not locked yet. Rejects with `sandbox_start_failed`.
 */
export async function launchSupervisor(binary: string): Promise<LaunchedSupervisor> {
  for (let tries = 1; ; tries += 1) {
    const base = newBaseFolder();
    try {
      return { supervisor: await Supervisor.launch(binary, base), base };
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
