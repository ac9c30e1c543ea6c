import { RollyardError } from "../errors/rollyard-error.ts";

/** The value itself when it can be a reward. Throws `grader_bad_answer` for NaN and infinities. */
export function finiteReward(
  value: number,
  grader: { readonly name?: string | undefined; readonly type: string },
): number {
  if (Number.isFinite(value)) return value;
  throw new RollyardError("grader_bad_answer", {
    message: `Grader "${grader.name ?? grader.type}" came to ${String(value)}, which is no reward.`,
    details: { grader: grader.type },
  });
}
