import { fromBinary } from "@bufbuild/protobuf";
import type { WorkDelivery } from "../bus/port.ts";
import { RollyardError, toRollyardError } from "../errors/rollyard-error.ts";
import { SettleRequestSchema } from "../gen/rollyard/v1/work_pb.ts";
import type { SettleRequest } from "../gen/rollyard/v1/work_pb.ts";
import type { Logger } from "../lib/logger.ts";
import { failureOf } from "../rollout/apply-event.ts";
import { requireRef } from "../rollout/attempt-ref.ts";
import { endAttempt } from "./end-attempt.ts";
import type { EndDeps } from "./end-attempt.ts";
import { failedOutcomeMessage } from "./failed-outcome.ts";
import { OutcomeChain } from "../grader/outcome-chain.ts";

/** What settling needs beside what ending attempts needs. */
export interface SettleDeps extends EndDeps {
  readonly logger: Logger;
}

const RETRY_DELAY_MS = 1000;

/**
 * Settles one request: checks the log and records the `failed` outcome, then acks. A request by a worker stands on a
 * log sealed as failed; one by a grader on a log sealed as stopped. Never rejects.
 */
export async function settle(deps: SettleDeps, delivery: WorkDelivery): Promise<void> {
  try {
    await settleRequest(deps, fromBinary(SettleRequestSchema, delivery.payload));
    await delivery.ack();
  } catch (error) {
    deps.logger.error("settling failed", { code: toRollyardError(error).code });
    await delivery.nak(RETRY_DELAY_MS);
  }
}

async function settleRequest(deps: SettleDeps, request: SettleRequest): Promise<void> {
  const end = {
    ref: requireRef(request),
    outcomeAfter: Number(request.outcomeAfter),
    failure: failureOf(request),
  };
  try {
    await endAttempt(deps, end, { unlessSealed: request.sender === "worker" });
  } catch (error) {
    if (!(error instanceof RollyardError) || error.code !== "log_corrupt") throw error;
    await endWithoutLog(deps, end);
  }
}

/** A log that does not fold can't be sealed: its attempt ends by the outcome alone, as ours. */
async function endWithoutLog(deps: SettleDeps, end: Parameters<typeof endAttempt>[1]): Promise<void> {
  const { ref, outcomeAfter } = end;
  const task = { ref, parts: ref, attempt: ref.attempt, lastSequence: 0, outcomeAfter };
  const chain = new OutcomeChain(deps.bus, task, deps);
  const decision = await chain.decide();
  if (decision.kind !== "open") return;
  const message = failedOutcomeMessage({
    ref,
    failure: { ...end.failure, failureClass: "internal", code: "log_corrupt" },
    lastSequence: 0,
    usage: null,
    endedAtMs: deps.clock.nowMs(),
    nonce: deps.ids.nonce(),
  });
  await chain.record(message, decision.expectedLastSequence);
}
