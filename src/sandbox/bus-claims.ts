import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Messenger, Subscription } from "../bus/port.ts";
import { claimSubject } from "../bus/subjects.ts";
import { AttemptRefSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import type { ClaimOutcome, SandboxClaim, SandboxClaims } from "../rollout/sandbox-lease.ts";
import { claimSandbox } from "./claim-client.ts";
import type { OpenSession } from "./leased-session.ts";
import { SandboxdClient } from "./sandboxd-client.ts";

/** Claims of a worker: asks the broker over the bus, and talks to sandboxd itself. */
export function createBusClaims(
  messenger: Messenger,
  clock: Clock,
  openSession: OpenSession = (options) => new SandboxdClient({ ...options, clock }),
): SandboxClaims {
  return {
    claim: (claim, signal) => claimOverBus(messenger, claim, { clock, signal, openSession }),
    release: (ref) => {
      const payload = toBinary(AttemptRefSchema, ref);
      messenger.broadcast(releaseSubject(ref.namespace, ref.environmentUid), payload);
    },
  };
}

/** Calls back when a driver says that it needs the sandbox of its attempt no more. */
export function serveReleases(
  messenger: Messenger,
  environment: { readonly namespace: string; readonly environmentUid: string },
  onRelease: (ref: AttemptRef) => void,
): Promise<Subscription> {
  const { namespace, environmentUid } = environment;
  return messenger.listen(releaseSubject(namespace, environmentUid), (payload) => {
    onRelease(fromBinary(AttemptRefSchema, payload));
  });
}

/** Broadcast subject of releases, among the claims so that whoever may claim may release. */
function releaseSubject(namespace: string, environmentUid: string): string {
  return `${claimSubject(namespace, environmentUid)}.released`;
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
