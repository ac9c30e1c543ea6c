import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { resolveRunInput } from "../../../src/config/run-input.ts";
import { dryRun, dryRunText } from "./dry-run.ts";

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

it("counts rollouts and the most that they may use, with the whole retry budget", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "rollyard-dry-"));
  const file = path.join(folder, "job.yaml");
  await writeFile(file, DOCUMENTS);
  const resolved = await resolveRunInput([file], { cwd: folder, env: {}, secretFlags: [] });
  await rm(folder, { recursive: true });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const plan = dryRun(resolved.input);
  expect(plan).toEqual({
    items: 2,
    rollouts: 100,
    maxAttempts: 120,
    maxTurns: 600,
    maxToolCalls: 840,
    maxCompletionTokens: 60_000,
    maxAgentSeconds: 7200,
    maxWallSeconds: 12 * 200,
  });
  expect(dryRunText(resolved.input, plan)).toContain("at most 60000 completion tokens");
});
