import type { Clock } from "../../lib/clock.ts";
import type { SecretRef } from "../../lib/schema/secret-ref.ts";
import type { HttpToolCaller } from "./http-tool-caller.ts";

/** What every kind of tool may need to run. */
export interface ToolRunnerDeps {
  readonly clock: Clock;
  /** In [0, 1); spreads tries. */
  readonly random: () => number;
  readonly http: HttpToolCaller;
  /** The headers that a Secret holds, in memory only. Throws `secret_not_found`. */
  readonly secretHeaders: (ref: SecretRef) => Readonly<Record<string, string>>;
  /** Headers of a Secret were refused; resolves once they are as new as they can be. Without it they stay as they are. */
  readonly headersRefused?: () => Promise<void>;
  /** `limits.outputBytes`. */
  readonly outputBytes: number;
}
