import { fromBinary } from "@bufbuild/protobuf";
import { OutcomeSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { RawMessage } from "../world/raw-bus.ts";

/** One message of a rollout's chain of outcomes. */
export interface SeenOutcome {
  readonly attempt: number;
  readonly outcome: string;
  readonly reward: number | null;
  readonly failureClass: string;
  readonly failureCode: string;
  readonly failureReason: string;
  readonly completionTokens: number;
  readonly storedAtMs: number;
  /** What headers and payload say differently, or null. */
  readonly contradiction: string | null;
}

/** Reads an outcome; headers and payload must say the same, since readers go by either. */
export function seenOutcome({ headers, payload, storedAtMs }: RawMessage): SeenOutcome {
  const body = fromBinary(OutcomeSchema, payload);
  const header = (name: string): string => headers.get(`Rollyard-${name}`) ?? "";
  const reward = body.reward ?? null;
  const pairs: readonly (readonly [string, string, string])[] = [
    ["attempt", header("Attempt"), String(body.ref?.attempt)],
    ["outcome", header("Outcome"), body.outcome],
    ["reward", header("Reward"), reward === null ? "" : String(reward)],
    ["class", header("Class"), body.failureClass],
    ["code", header("Code"), body.failureCode],
  ];
  const differing = pairs.find(([, inHeader, inBody]) => inHeader !== inBody);
  return {
    attempt: body.ref?.attempt ?? -1,
    outcome: body.outcome,
    reward,
    failureClass: body.failureClass,
    failureCode: body.failureCode,
    failureReason: body.failureReason,
    completionTokens: body.usage?.completionTokens ?? 0,
    storedAtMs,
    contradiction:
      differing === undefined
        ? null
        : `its ${differing[0]} is ${differing[1]} in the header, ${differing[2]} inside`,
  };
}
