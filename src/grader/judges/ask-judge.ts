import { assertNever } from "../../lib/assert-never.ts";
import type { ChatMessage } from "../../model/port.ts";
import type { ParsedAnswer, TryOutcome } from "../../model/try-outcome.ts";
import type { GradeDeps } from "../port.ts";
import type { AnswerForm, Judge } from "./judge.ts";
import { isNotToBeHad, judgeBadAnswer, judgeFailure, judgeRefused } from "./judge-failure.ts";
import type { JudgeCall } from "./judge-failure.ts";

/** Longest call of a judge. */
const MAX_CALL_MS = 600_000;

/** What a judge is asked, and by whom. */
export interface JudgeQuestion {
  readonly call: JudgeCall;
  readonly messages: readonly ChatMessage[];
  readonly form: AnswerForm;
}

/**
 * Asks a judge once, for its whole answer; untrusted, for the judge has read what the agent wrote. Throws as {@link judgeFailure} says; `grader_refused` for a refusal and `grader_bad_answer` for an
 * answer that was cut off.
 */
export async function askJudge(judge: Judge, question: JudgeQuestion, deps: GradeDeps): Promise<string> {
  const { call, messages, form } = question;
  const sentAtMs = deps.clock.monotonicMs();
  const timeoutMs = Math.min(MAX_CALL_MS, deps.timeLimitMs);
  const outcome = await judge.ask({ messages, form, timeoutMs, signal: deps.signal });
  if (!isNotToBeHad(outcome)) deps.spend(deps.clock.monotonicMs() - sentAtMs);
  if (outcome.kind === "answered") deps.countTokens(call.model, outcome.answer.usage);
  return answerOf(outcome, call);
}

function answerOf(outcome: TryOutcome, call: JudgeCall): string {
  switch (outcome.kind) {
    case "answered":
      return completeAnswer(outcome.answer, call);
    case "refused":
    case "stopped":
    case "failed":
      throw judgeFailure(outcome, call);
    default:
      return assertNever(outcome);
  }
}

function completeAnswer({ message, finishReason }: ParsedAnswer, call: JudgeCall): string {
  if ((message.refusal ?? "") !== "" || finishReason === "content_filter") throw judgeRefused(call);
  if (finishReason === "length") {
    throw judgeBadAnswer(call, "was cut off: give it more sampling_params.max_completions_tokens");
  }
  return message.content ?? "";
}
