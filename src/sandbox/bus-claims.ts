import type { Messenger } from "../bus/port.ts";
import type { Clock } from "../lib/clock.ts";
import type { ClaimOutcome, SandboxClaim, SandboxClaims } from "../rollout/sandbox-lease.ts";
import { claimSandbox } from "./claim-client.ts";
import type { OpenSession } from "./leased-session.ts";
import { tellReleased } from "./sandbox-releases.ts";
import { SandboxdClient } from "./sandboxd-client.ts";

/** Claims of a worker: asks the broker over the bus, and talks to sandboxd itself. */
export function createBusClaims(
  messenger: Messenger,
  clock: Clock,
  openSession: OpenSession = (options) => new SandboxdClient({ ...options, clock }),
): SandboxClaims {
  return {
    claim: (claim, signal) => claimOverBus(messenger, claim, { clock, signal, openSession }),
    release: (ref) => tellReleased(messenger, ref),
  };
}

async function claimOverBus(
  messenger: Messenger,
  claim: SandboxClaim,
  deps: { readonly clock: Clock; readonly signal: AbortSignal; readonly openSession: OpenSession },
): Promise<ClaimOutcome> {
  try {
    return await claimSandbox(messenger, claim, deps);
  } catch (thrown) {
    if (deps.signal.aborted) return { kind: "gone" };
    throw thrown;
  }
}
