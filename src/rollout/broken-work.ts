import { encodeStored } from "../bus/envelope.ts";
import { workSubject } from "../bus/subjects.ts";
import type { RollyardError } from "../errors/rollyard-error.ts";
import { SettleRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { ActiveRollout } from "./active-rollouts.ts";
import { storeWork } from "./close-attempt.ts";
import type { CloseDeps } from "./close-attempt.ts";
import { failureRecord } from "./failure-record.ts";

/** Tries of one worker at an assignment that can't even be driven, after which it is settled as ours. */
const MAX_TRIES = 5;
const RETRY_DELAY_MS = 2000;

/** Work that can't be driven, and why. */
export interface BrokenWork {
  readonly rollout: Pick<ActiveRollout, "ref" | "delivery">;
  readonly outcomeAfter: bigint;
  readonly error: RollyardError;
}

/**
 * Ends work that a worker can't drive for a reason outside the rollout (a log that does not fold, a bug of ours): it
 * is given back a few times, then settled as the error says. `tries` are this worker's own, this one among them: however
 * often it was delivered, an outage condemns nothing. Of many workers one has had its tries soon enough.
 */
export async function giveUpOrRetry(deps: CloseDeps, broken: BrokenWork, tries: number): Promise<void> {
  if (tries > MAX_TRIES) await giveUp(deps, broken);
  else await broken.rollout.delivery.nak(RETRY_DELAY_MS);
}

/** Asks the controller to settle the attempt, whatever its log says, and acknowledges the work. */
export async function giveUp(deps: CloseDeps, broken: BrokenWork): Promise<void> {
  const { rollout, outcomeAfter, error } = broken;
  const { ref, delivery } = rollout;
  const { failureClass, code, cause, evidence } = failureRecord(error);
  const payload = encodeStored(SettleRequestSchema, {
    ref,
    lastSeq: 0n,
    outcomeAfter,
    failureClass,
    code,
    cause,
    evidence: { ...evidence, deliveries: String(delivery.deliveries) },
    sender: "worker",
  });
  await storeWork(deps, { subject: workSubject("settle", ref, ref.attempt), payload });
  await delivery.ack();
}
