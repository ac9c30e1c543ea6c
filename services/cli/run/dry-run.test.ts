import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { resolveRunInput } from "../../../src/config/run-input.ts";
import { dryRun, dryRunText } from "./dry-run.ts";
import type { DryRun } from "./dry-run.ts";

const DOCUMENTS = `
apiVersion: rollyard.dev/v1alpha1
kind: Environment
metadata: {name: env}
spec:
  limits: {maxTurns: 5, maxToolCalls: 7, agentSeconds: 60, gradeSeconds: 40}
  sandbox: {readySeconds: 100}
  grader: {type: string_check, name: g, operation: eq, input: "{{ sample.output_text }}", reference: "x"}
---
apiVersion: rollyard.dev/v1alpha1
kind: RolloutJob
metadata: {name: job}
spec:
  environmentRef: {name: env}
  dataset: {inline: [{messages: [{role: user, content: hi}]}, {messages: [{role: user, content: ho}]}]}
  samplesPerItem: 50
  parallelism: 10
  retry: {maxAttempts: 2, budgetPercent: 20}
  model: {baseURL: "http://127.0.0.1:1/v1", name: m, sampling: {max_tokens: 100}}
`;

/** What a job with these lines in its spec may use, as figures and as text. */
async function planOf(lines = ""): Promise<{ readonly plan: DryRun; readonly text: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), "rollyard-dry-"));
  const file = path.join(folder, "job.yaml");
  await writeFile(file, `${DOCUMENTS}${lines}`);
  const resolved = await resolveRunInput([file], { cwd: folder, env: {}, secretFlags: [] });
  await rm(folder, { recursive: true });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const plan = dryRun(resolved.input);
  return { plan, text: dryRunText(resolved.input, plan) };
}

describe("the dry run", () => {
  it("counts rollouts and the most that they may use, with the whole retry budget", async () => {
    const { plan, text } = await planOf();
    expect(plan).toEqual({
      items: 2,
      rollouts: 100,
      maxStarted: 100,
      maxAttempts: 120,
      maxTurns: 600,
      maxToolCalls: 840,
      maxCompletionTokens: 60_000,
      maxAgentSeconds: 7200,
      maxWallSeconds: 12 * 200,
    });
    expect(text).toContain("100 rollouts (2 items × 50 samples), model");
    expect(text).toContain("at most 60000 of completions; those of prompts have no bound");
  });

  it("lets a budget of tokens be passed by what is under way when it is spent", async () => {
    const { plan } = await planOf("  budget: {totalTokens: 700}\n");
    expect(plan.maxCompletionTokens).toBe(700 + 10 * 5 * 100);
  });

  it("takes the retry budget from all rollouts, and starts those that the budget allows", async () => {
    const { plan, text } = await planOf("  budget: {rollouts: 60}\n");
    expect(plan).toMatchObject({ rollouts: 100, maxStarted: 60, maxAttempts: 80 });
    expect(text).toContain("100 rollouts (2 items × 50 samples), of which its budget starts 60");
  });
});
