import type { RollyardError } from "../errors/rollyard-error.ts";
import { errorFlagsOfFailure, raisedFlags } from "./error-flags.ts";
import { NO_TOKENS, spentBefore } from "./token-usage.ts";
import type { TokensByModel } from "./token-usage.ts";

/** What an outcome tells of a grading beside its reward. */
export interface GradingAccount {
  /** Tokens that judge models used. */
  readonly usage: TokensByModel;
  /** OpenAI's error flags that were raised, as `raisedFlags` has them. */
  readonly errors: Readonly<Record<string, string>>;
}

/** Nothing was graded. */
export const NO_ACCOUNT: GradingAccount = { usage: NO_TOKENS, errors: {} };

/** Of a grading that came to an error instead of a reward. */
export function failedAccount(error: RollyardError): GradingAccount {
  return { usage: spentBefore(error), errors: raisedFlags(errorFlagsOfFailure(error)) };
}
