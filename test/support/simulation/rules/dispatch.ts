import { fromBinary } from "@bufbuild/protobuf";
import type { StoredMessage } from "../../../../src/bus/port.ts";
import { parseWorkSubject, rolloutToken } from "../../../../src/bus/subjects.ts";
import { AssignmentSchema } from "../../../../src/gen/rollyard/v1/work_pb.ts";
import { afterFailure } from "../../../../src/job/retry-decision.ts";
import type { Record } from "../referee.ts";

/** An attempt is dispatched once, and only after a recorded failure of the one before that allows another. */
export function judgeDispatch(record: Record, message: StoredMessage, client: string): readonly string[] {
  const place = parseWorkSubject(message.subject);
  if (place === null) return [`a work message without a place: ${message.subject}`];
  if (place.kind !== "rollout") return [];
  const token = rolloutToken(place);
  const key = `${token}/${place.attempt}`;
  if (!client.startsWith("controller")) return [`${client} dispatched ${key}`];
  if (record.dispatched.has(key)) {
    // A publish whose answer was lost may be repeated after the work is done: safe, because its log is sealed.
    return record.drivers.isCalm ? [`${key} was dispatched a second time`] : [];
  }
  record.dispatched.add(key);
  if (place.attempt === 0) return [];
  return judgeRetry(record, { token, attempt: place.attempt, message });
}

function judgeRetry(
  record: Record,
  {
    token,
    attempt,
    message,
  }: { readonly token: string; readonly attempt: number; readonly message: StoredMessage },
): readonly string[] {
  const { outcomeAfter } = fromBinary(AssignmentSchema, message.payload);
  const outcomes = record.outcomes.get(token) ?? [];
  const failed = outcomes.find((outcome) => outcome.attempt === attempt - 1);
  if (failed === undefined || failed.end.kind !== "failed" || failed.sequence !== Number(outcomeAfter))
    return [`${token}/${attempt} was dispatched without a recorded failure of the attempt before`];
  const countedFailures = outcomes.filter(
    ({ end }) => end.kind === "failed" && end.failureClass !== "cancelled",
  ).length;
  const after = afterFailure({ ...failed.end, countedFailures }, record.schedule.shape);
  return after === "final" ? [`${token}/${attempt} was dispatched after a final failure`] : [];
}
