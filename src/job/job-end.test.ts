import { describe, expect, it } from "vitest";
import { decideJobEnd } from "./job-end.ts";
import type { JobEndInput } from "./job-end.ts";

const running: JobEndInput = {
  total: 20,
  graded: 5,
  failed: 0,
  firstEnds: { attempts: [], finals: [] },
  retriesTaken: 0,
  retryBudget: 10,
  tokensUsed: 0,
  rolloutsDispatched: 8,
  elapsedSeconds: 1,
  deadlineSeconds: null,
  budget: {},
  open: 3,
};
const attempts = (count: number, code: string, isConfig: boolean) =>
  Array.from({ length: count }, () => ({ code, isConfig }));
const finals = (count: number, isFailed: boolean) =>
  Array.from({ length: count }, () => ({ code: "sandbox_lost", isFailed }));

describe("the end of a job", () => {
  it("goes on while rollouts are open", () => {
    expect(decideJobEnd(running)).toBeNull();
  });

  it("is complete with every reward, or with some missing", () => {
    expect(decideJobEnd({ ...running, graded: 20 })).toMatchObject({
      condition: "Complete",
      reason: "AllGraded",
    });
    const some = {
      ...running,
      graded: 18,
      failed: 2,
      firstEnds: { attempts: [], finals: finals(10, false) },
    };
    expect(decideJobEnd(some)).toMatchObject({ condition: "Complete", reason: "SomeUngraded" });
  });

  it("fails early when the first ten attempts all have a config error, naming the code", () => {
    const firstEnds = { attempts: attempts(10, "model_unauthorized", true), finals: [] };
    const end = decideJobEnd({ ...running, graded: 0, firstEnds });
    expect(end).toMatchObject({ condition: "Failed", reason: "ConfigError" });
    expect(end?.message).toContain("most with model_unauthorized. Check spec.model.apiKeySecret.");
  });

  it("counts an unreachable model as a config error, and one good attempt as none", () => {
    const unreachable = { attempts: attempts(10, "model_unreachable", false), finals: [] };
    expect(decideJobEnd({ ...running, firstEnds: unreachable })?.reason).toBe("ConfigError");
    const mixed = [...attempts(9, "model_unreachable", false), { code: "", isConfig: false }];
    expect(decideJobEnd({ ...running, firstEnds: { attempts: mixed, finals: [] } })).toBeNull();
  });

  it("lets a small job whose model can't be reached use its attempts, and names the field when none is left", () => {
    const small = { ...running, total: 2, graded: 0 };
    const unreachable = (count: number) => ({
      attempts: attempts(count, "model_unreachable", false),
      finals: [],
    });
    expect(decideJobEnd({ ...small, firstEnds: unreachable(5) })).toBeNull();
    const end = decideJobEnd({
      ...small,
      failed: 2,
      firstEnds: { ...unreachable(6), finals: finals(2, true) },
    });
    expect(end).toMatchObject({ condition: "Failed", reason: "ConfigError" });
    expect(end?.message).toBe(
      "The first 6 attempts all failed, most with model_unreachable. Check spec.model.baseURL.",
    );
    expect(decideJobEnd({ ...small, firstEnds: unreachable(10) })?.reason).toBe("ConfigError");
  });

  it("fails a small job at once when each of its rollouts has a config error", () => {
    const firstEnds = { attempts: attempts(2, "model_unauthorized", true), finals: [] };
    expect(decideJobEnd({ ...running, total: 2, graded: 0, firstEnds })?.reason).toBe("ConfigError");
  });

  it("fails a small job whose rollouts all failed", () => {
    const firstEnds = { attempts: [], finals: finals(2, true) };
    const end = decideJobEnd({ ...running, total: 2, graded: 0, failed: 2, firstEnds });
    expect(end).toMatchObject({ condition: "Failed", reason: "AllFailing" });
    expect(end?.message).toBe("The first 2 rollouts all failed, most with sandbox_lost.");
  });

  it("speaks of one attempt as of one", () => {
    const firstEnds = { attempts: attempts(1, "model_unauthorized", true), finals: finals(1, true) };
    const one = { ...running, total: 1, graded: 0, failed: 1, firstEnds };
    expect(decideJobEnd(one)?.message).toMatch(/^The only attempt failed with model_unauthorized\. /u);
    const sandbox = { ...one, firstEnds: { ...firstEnds, attempts: attempts(1, "sandbox_lost", false) } };
    expect(decideJobEnd(sandbox)?.message).toBe("The only rollout failed with sandbox_lost.");
  });

  it("fails when a retry is due beyond the budget, not when the budget is just spent", () => {
    expect(decideJobEnd({ ...running, retriesTaken: 10 })).toBeNull();
    expect(decideJobEnd({ ...running, retriesTaken: 11 })?.reason).toBe("RetryBudgetExhausted");
  });

  it("fails at the deadline", () => {
    const late = { ...running, deadlineSeconds: 60, elapsedSeconds: 60 };
    expect(decideJobEnd(late)?.reason).toBe("DeadlineExceeded");
  });

  it("lets what is under way finish after the budget is spent", () => {
    const spent = { ...running, budget: { totalTokens: 100 }, tokensUsed: 100 };
    expect(decideJobEnd(spent)).toBeNull();
    expect(decideJobEnd({ ...spent, open: 0 })?.reason).toBe("BudgetExhausted");
  });

  it("does not end for its budget of rollouts while one that was begun is due for another attempt", () => {
    const due = { ...running, graded: 7, open: 0, budget: { rollouts: 8 } };
    expect(decideJobEnd(due)).toBeNull();
    expect(decideJobEnd({ ...due, failed: 1 })?.reason).toBe("BudgetExhausted");
    expect(decideJobEnd({ ...due, budget: { totalTokens: 1 }, tokensUsed: 1 })?.reason).toBe(
      "BudgetExhausted",
    );
  });

  it("says which budget is spent", () => {
    const tokens = { ...running, open: 0, budget: { totalTokens: 100, rollouts: 50 }, tokensUsed: 130 };
    expect(decideJobEnd(tokens)?.message).toBe(
      "The 100 tokens of spec.budget.totalTokens are spent: 130 were used.",
    );
    const rollouts = { ...running, graded: 8, open: 0, budget: { totalTokens: 100, rollouts: 8 } };
    expect(decideJobEnd(rollouts)?.message).toBe("The 8 rollouts of spec.budget.rollouts have been started.");
  });
});
