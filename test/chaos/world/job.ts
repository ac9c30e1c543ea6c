import type { Snapshot } from "../../../src/config/snapshot.ts";
import { environmentSpecSchema } from "../../../src/environment/environment.ts";
import { rolloutJobSpecSchema } from "../../../src/job/rollout-job.ts";
import type { JsonObject } from "../../../src/lib/json.ts";
import { answerOf, AUDIT_TOOL, NOTE_TOOL } from "./behaviour.ts";

/** Where tools run: in isolated sandboxes, in plain processes, or nowhere but at a remote endpoint. */
export const SANDBOX_KINDS = ["bubblewrap", "process", "none"] as const;

/** One of {@link SANDBOX_KINDS}. */
export type SandboxKind = (typeof SANDBOX_KINDS)[number];

/** The job of a run. */
export interface ChaosJob {
  readonly seed: number;
  readonly items: number;
  readonly samplesPerItem: number;
  readonly parallelism: number;
  readonly sandboxes: SandboxKind;
  /** Of the simulated model's process. */
  readonly modelOrigin: string;
  /** Percent of sandboxes whose setup fails. */
  readonly setupFaultPercent: number;
  readonly recovery: "restart" | "replay";
}

/** Attempts of one rollout at most: a rollout that fails so often was hit by more than chance. */
export const MAX_ATTEMPTS = 8;

/** The job and its environment as a user would write them. */
export function chaosSnapshot(job: ChaosJob): Snapshot {
  return {
    namespace: "chaos",
    jobName: "chaos",
    environmentName: "chaos",
    job: rolloutJobSpecSchema.parse({
      environmentRef: { name: "chaos" },
      dataset: { inline: [{ question: "" }] },
      samplesPerItem: job.samplesPerItem,
      parallelism: job.parallelism,
      model: {
        baseURL: `${job.modelOrigin}/v1`,
        name: "chaos",
        // The request's seed is the rollout's index.
        sampling: { seed: 0 },
        requestTimeoutSeconds: 5,
        idleTimeoutSeconds: 3,
      },
      retry: { maxAttempts: MAX_ATTEMPTS, budgetPercent: 1000 },
    }),
    environment: environmentSpecSchema.parse({
      sandbox: {
        startsPerSecond: 500,
        maxStarting: 16,
        setup: [["/bin/sh", "-c", SETUP, "setup", String(Math.round(job.setupFaultPercent * 100))]],
      },
      prompt: [{ role: "user", content: "{{ item.question }}" }],
      tools: toolsOf(job),
      limits: { maxTurns: 8, agentSeconds: 600 },
      grader: graderOf(job),
      recovery: { mode: job.recovery },
    }),
  };
}

/** Fails in as many of 10,000 sandboxes as its argument says. */
const SETUP = '[ $(($(od -An -N4 -tu4 /dev/urandom) % 10000)) -ge "$1" ]';
const NOTE = 'printf "%s\\n" "$1" >> notes && echo "noted $1"';

function toolsOf({ sandboxes, modelOrigin }: ChaosJob): readonly object[] {
  const note = {
    name: NOTE_TOOL,
    parameters: { type: "object", properties: { mark: { type: "string" } }, required: ["mark"] },
  };
  const audit = { name: AUDIT_TOOL, parameters: { type: "object", properties: {} } };
  if (sandboxes === "none") {
    const http = { url: `${modelOrigin}/tool`, timeoutSeconds: 5 };
    return [
      { ...note, http },
      { ...audit, http },
    ];
  }
  return [
    { ...note, exec: { argv: ["/bin/sh", "-c", NOTE, "note", "{{ arguments.mark }}"] } },
    { ...audit, exec: { argv: ["/bin/cat", "notes"] } },
  ];
}

/** Half of the reward comes from a comparison, half from an endpoint that is slow or away at times. */
function graderOf({ modelOrigin }: ChaosJob): object {
  return {
    type: "multi",
    name: "chaos",
    graders: {
      exact: {
        type: "string_check",
        name: "exact",
        operation: "eq",
        input: "{{ sample.output_text }}",
        reference: "{{ item.answer }}",
      },
      asked: { type: "endpoint", name: "asked", url: `${modelOrigin}/grade` },
    },
    calculate_output: "0.5 * exact + 0.5 * asked",
  };
}

/** The dataset: only graders see the answer. */
export function chaosItems(job: Pick<ChaosJob, "items" | "seed">): readonly JsonObject[] {
  return Array.from({ length: job.items }, (_, item) => ({
    question: `Question ${item}: note what you are told, then answer.`,
    answer: answerOf(job.seed, item),
  }));
}
