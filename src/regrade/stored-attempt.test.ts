import { describe, expect, it } from "vitest";
import { sampleFromAttempt } from "../grader/sample-from-attempt.ts";
import { trajectoryFacts } from "../grader/trajectory-facts.ts";
import { trajectoryRecord } from "../trajectory/trajectory-record.ts";
import { aResult } from "../../test/support/trajectory/records.ts";
import { aStoppedAttempt } from "../../test/support/rollout/stopped-attempt.ts";
import { storedAttempt } from "./stored-attempt.ts";
import { storedGradeInput } from "./stored-grade-input.ts";

describe("a stored trajectory", () => {
  it("gives graders the very sample and facts that the attempt gave them", () => {
    const attempt = aStoppedAttempt();
    const record = trajectoryRecord(attempt, 1, []);
    const result = aResult({
      rollout: attempt.rolloutId,
      trace_id: attempt.traceId,
      attempt: attempt.attempt,
    });
    const sample = sampleFromAttempt(attempt, { hasResponseFormat: true });
    expect(sample.output_json).toEqual({ answer: 3 });
    expect(storedGradeInput(result, record, { hasResponseFormat: true })).toEqual({
      item: attempt.item,
      sample,
      trajectory: trajectoryFacts(attempt, sample.output_text),
      attempt: { rolloutId: attempt.rolloutId, traceId: attempt.traceId, attempt: attempt.attempt },
    });
  });

  it("tells the turns' messages from those of a prompt of the same role", () => {
    const attempt = { ...aStoppedAttempt(), turns: aStoppedAttempt().turns.slice(0, 1) };
    const { turns } = storedAttempt(trajectoryRecord(attempt, 1, []), "max_turns");
    expect(turns.map(({ message }) => message.tool_calls?.length)).toEqual([3]);
  });

  it("has no answer that was checked where the attempt did not answer", () => {
    const attempt = aStoppedAttempt();
    const stored = storedAttempt(trajectoryRecord(attempt, 1, []), "max_turns");
    expect(trajectoryFacts(stored, "").checkedBeforeAnswer).toEqual([]);
  });
});
