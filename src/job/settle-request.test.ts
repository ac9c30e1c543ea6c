import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { decodeStored } from "../bus/envelope.ts";
import { AttemptRefSchema, OutcomeSchema } from "../gen/rollyard/v1/work_pb.ts";
import { ungradable } from "../grader/ungradable.ts";
import { settleMessage } from "../grader/settle-message.ts";
import { failedOutcomeMessage } from "./failed-outcome.ts";
import { decodeSettleRequest } from "./settle-request.ts";

const parts = { namespace: "team", jobUid: "0123456789ab", itemIndex: 3, sampleIndex: 1 };

it("takes what a grading without a reward has used and raised into the attempt's outcome", () => {
  const ref = create(AttemptRefSchema, { ...parts, attempt: 0 });
  const usage = { j: { promptTokens: 90, completionTokens: 4, cachedTokens: 0, reasoningTokens: 2 } };
  const errors = { model_grader_refusal_error: "true" };
  const failure = ungradable("grader_refused", "The judge refuses to judge.");
  const task = { ref, parts, attempt: 0, lastSequence: 7, outcomeAfter: 0 };
  const { subject, payload } = settleMessage(task, failure, { usage, errors });
  const request = decodeSettleRequest(subject, payload);
  if (request.kind !== "request") throw new Error(request.kind);
  const { end } = request;
  const outcome = failedOutcomeMessage({
    ref: end.ref,
    failure: end.failure,
    account: end.account ?? { usage: {}, errors: {} },
    lastSequence: 7,
    usage: null,
    endedAtMs: 1,
    nonce: "n",
  });
  expect(decodeStored(OutcomeSchema, outcome.payload)).toMatchObject({
    outcome: "failed",
    failureCode: "grader_refused",
    graderUsage: usage,
    graderErrors: errors,
  });
});
