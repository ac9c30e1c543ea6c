import { afterEach, expect } from "vitest";
import { startMockModel } from "../model/mock-model.ts";
import type { MockModel } from "../model/mock-model.ts";
import type { MockReply, MockRequest, MockScript } from "../model/mock-reply.ts";
import { toolTurns } from "../model/mock-scripts.ts";
import { leftoversOf } from "./leftovers.ts";
import { smallJob } from "./small-job.ts";
import type { SmallJob, SmallJobOptions } from "./small-job.ts";

/** Jobs and models of one test file; they end with their test, and each job must leave nothing behind. */
export interface RunWorld {
  /** `gate` holds every answer back until it resolves. */
  model(script: MockScript, latencyMs?: number, gate?: Promise<void>): Promise<MockModel>;
  job(options: SmallJobOptions): Promise<SmallJob>;
  /** Something to undo after the test, last first. */
  later(undo: () => Promise<void> | void): void;
}

/** Longest time for the last process of a command, killed or not, to be gone after it. */
const GONE_WITHIN_MS = 30_000;

/** To be called once, at the top of a test file. */
export function runWorld(): RunWorld {
  const undo: (() => Promise<void> | void)[] = [];
  const jobs: SmallJob[] = [];
  afterEach(async () => {
    try {
      for (const job of jobs.splice(0)) {
        await expect.poll(() => leftoversOf(job), { timeout: GONE_WITHIN_MS }).toEqual([]);
      }
    } finally {
      for (const step of undo.splice(0).toReversed()) await step();
    }
  });
  return {
    model: async (script, latencyMs = 5, gate = Promise.resolve()) => {
      const model = await startMockModel({ script, latencyMs, gate });
      undo.push(() => model.close());
      return model;
    },
    job: async (options) => {
      const job = await smallJob(options);
      undo.push(() => job.remove());
      jobs.push(job);
      return job;
    },
    later: (step) => void undo.push(step),
  };
}

/** A model that runs one shell command, then answers. */
export function shellThen(command: string, answer = "done"): MockScript {
  return toolTurns({ turns: 1, calls: [{ name: "shell", arguments: JSON.stringify({ command }) }], answer });
}

/** Answers each item by its own script; those without one get the last. */
export function byItem(scripts: readonly MockScript[]): MockScript {
  return (request) => {
    const script = scripts[itemIndexOf(request)] ?? scripts.at(-1);
    return script === undefined ? { kind: "hang" } : script(request);
  };
}

/** An OpenAI error. */
export function refusal(status: number, code: string, message = "no"): MockReply {
  return { kind: "status", status, body: JSON.stringify({ error: { message, type: "error", code } }) };
}

function itemIndexOf(request: MockRequest): number {
  return Number(/canary-item-(\d+)\./u.exec(request.text)?.[1] ?? -1);
}
