import { create, toBinary } from "@bufbuild/protobuf";
import type { Messenger } from "../bus/port.ts";
import { claimSubject } from "../bus/subjects.ts";
import { ClaimRequestSchema } from "../gen/rollyard/v1/requests_pb.ts";
import { RollyardError } from "../errors/rollyard-error.ts";
import { assertNever } from "../lib/assert-never.ts";
import { systemClock } from "../lib/clock.ts";
import type { Clock } from "../lib/clock.ts";
import type { ClaimOutcome, SandboxClaim } from "../rollout/sandbox-lease.ts";
import { decodeClaimAnswer } from "./claim-reply.ts";
import type { ClosableSandboxSession } from "./closable-session.ts";
import type { ClaimAnswer, GrantedLease } from "./claim-reply.ts";
import { parseEndpoint } from "./endpoint.ts";
import { LeasedSession } from "./leased-session.ts";
import type { OpenSession } from "./leased-session.ts";

/** What a claim works with. */
export interface ClaimDeps {
  /** Opens the connection to sandboxd: `(options) => new SandboxdClient(options)`. */
  readonly openSession: OpenSession;
  readonly clock?: Clock;
  /** Ends the asking; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

// The broker answers within 5 s.
const REPLY_WITHIN_MS = 6_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Asks the broker for the attempt's sandbox until there is an answer: `pending` and a silent broker (a change of
 * leader) are asked again for ever and spend nothing. Rejects only when the signal aborts.
 */
export async function claimSandbox(
  messenger: Messenger,
  claim: SandboxClaim,
  deps: ClaimDeps,
): Promise<ClaimOutcome> {
  const clock = deps.clock ?? systemClock;
  const startedMs = clock.monotonicMs();
  const answer = await askUntilAnswered(asking(messenger, claim), clock, deps.signal);
  switch (answer.kind) {
    case "gone":
      return { kind: "gone" };
    case "failed":
      return answer;
    case "lease": {
      const renewal = { ...claim, generation: answer.lease.generation, lostSandboxUid: null };
      const session = openLease(answer.lease, { ...deps, clock, ask: asking(messenger, renewal) });
      const { sandboxUid, generation, source } = answer.lease;
      const waitedMs = clock.monotonicMs() - startedMs;
      const close = (): Promise<void> => session.close();
      return { kind: "leased", session, lease: { sandboxUid, generation, source, waitedMs }, close };
    }
    default:
      return assertNever(answer);
  }
}

async function askUntilAnswered(
  ask: Ask,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<Exclude<ClaimAnswer, { kind: "pending" }>> {
  for (let pauseMs = FIRST_PAUSE_MS; ;) {
    signal?.throwIfAborted();
    const answer = await ask();
    if (answer !== null && answer.kind !== "pending") return answer;
    await clock.sleep(pauseMs, signal);
    pauseMs = answer === null ? Math.min(LONGEST_PAUSE_MS, pauseMs * 2) : FIRST_PAUSE_MS;
  }
}

type Ask = () => Promise<ClaimAnswer | null>;

/** One asking; null when nobody answered. */
function asking(messenger: Messenger, claim: SandboxClaim): Ask {
  const { ref, purpose, generation, epoch, lostSandboxUid } = claim;
  const request = {
    ref,
    purpose,
    generation,
    lostSandboxUid: lostSandboxUid ?? "",
    epoch: BigInt(epoch),
  };
  const payload = toBinary(ClaimRequestSchema, create(ClaimRequestSchema, request));
  const subject = claimSubject(ref.namespace, ref.environmentUid);
  return async () => {
    const result = await messenger.request(subject, payload, REPLY_WITHIN_MS);
    return result.kind === "reply" ? decodeClaimAnswer(result.payload) : null;
  };
}

function openLease(
  lease: GrantedLease,
  parts: ClaimDeps & { readonly clock: Clock; readonly ask: Ask },
): ClosableSandboxSession {
  const { clock, ask, openSession } = parts;
  const endpoint = parseEndpoint(lease.endpoint);
  if (endpoint === null)
    throw new RollyardError("internal", { details: { reason: "a lease without an endpoint" } });
  return new LeasedSession({ lease, endpoint, clock, ask, openSession });
}
