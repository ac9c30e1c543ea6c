import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../errors/codes.ts";
import { FRESH_LEDGER, LONGEST_REFUSAL_MS, TRY_BUDGET, decideRetry } from "./retry.ts";
import type { RetryLedger } from "./retry.ts";
import { failure } from "./try-outcome.ts";
import type { TryOutcome } from "./try-outcome.ts";

type Outcome = Extract<TryOutcome, { kind: "failed" | "refused" }>;
const refusal = { kind: "refused", status: 429, retryAfterMs: null } as const;

/** Tries until the call is given up, all of them with this outcome; the delays between them. */
function delaysOf(outcome: Outcome, random = 0.5, isUnknownEndpoint = false): readonly number[] {
  const delays: number[] = [];
  let ledger: RetryLedger = FRESH_LEDGER;
  for (;;) {
    const decision = decideRetry(ledger, outcome, { nowMs: 0, random, isUnknownEndpoint });
    if (decision.kind === "give_up") return delays;
    delays.push(decision.delayMs);
    ledger = decision.ledger;
  }
}

describe("the retry layer of a model call", () => {
  it.each(["model_server_error", "model_connection_lost", "model_bad_response"] as const)(
    "tries %s five times, with growing pauses",
    (code) => {
      const delays = delaysOf(failure(code));
      expect(delays).toHaveLength(TRY_BUDGET - 1);
      expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    },
  );

  it("tries a timeout twice", () => {
    expect(delaysOf(failure("model_timeout"))).toHaveLength(1);
  });

  it("tries an endpoint that is not there three times within five seconds, whatever the jitter", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const delays = delaysOf(failure("model_unreachable"), random);
        expect(delays).toHaveLength(2);
        expect(delays.reduce((a, b) => a + b)).toBeLessThan(5000);
      }),
    );
  });

  it("tries an endpoint once that another call has found to be nowhere", () => {
    expect(delaysOf(failure("model_unreachable"), 0.5, true)).toEqual([]);
    expect(delaysOf(failure("model_connection_lost"), 0.5, true)).toHaveLength(TRY_BUDGET - 1);
  });

  it.each([
    "model_unauthorized",
    "model_not_found",
    "model_bad_request",
    "model_quota_exhausted",
    "internal",
  ] as const)("never tries %s again", (code: ErrorCode) => {
    expect(delaysOf(failure(code))).toEqual([]);
  });

  it("obeys Retry-After of a 500, up to half a minute", () => {
    const [first] = delaysOf(failure("model_server_error", {}, { retryAfterMs: 9000 }));
    expect(first).toBe(9000);
    const [capped] = delaysOf(failure("model_server_error", {}, { retryAfterMs: 900_000 }));
    expect(capped).toBe(30_000);
  });

  it("waits for a throttling endpoint without spending tries, until half an hour has passed", () => {
    const first = decideRetry(FRESH_LEDGER, refusal, { nowMs: 1000, random: 0, isUnknownEndpoint: false });
    if (first.kind !== "retry") throw new Error("gave up at once");
    expect(first).toMatchObject({ delayMs: 0, ledger: { spent: 0, refusedSinceMs: 1000 } });
    const almost = { nowMs: 1000 + LONGEST_REFUSAL_MS - 1, random: 0, isUnknownEndpoint: false };
    expect(decideRetry(first.ledger, refusal, almost).kind).toBe("retry");
    const over = { nowMs: 1000 + LONGEST_REFUSAL_MS, random: 0, isUnknownEndpoint: false };
    expect(decideRetry(first.ledger, refusal, over).kind).toBe("give_up");
  });

  it("ends for every mix of failures", () => {
    const codes = fc.constantFrom<ErrorCode>(
      "model_server_error",
      "model_timeout",
      "model_unreachable",
      "model_bad_response",
    );
    fc.assert(
      fc.property(fc.array(codes, { minLength: 10, maxLength: 10 }), (mix) => {
        let ledger: RetryLedger = FRESH_LEDGER;
        const ended = mix.some((code) => {
          const decision = decideRetry(ledger, failure(code), {
            nowMs: 0,
            random: 0,
            isUnknownEndpoint: false,
          });
          if (decision.kind === "retry") ledger = decision.ledger;
          return decision.kind === "give_up";
        });
        expect(ended).toBe(true);
      }),
    );
  });
});
