import { afterEach } from "vitest";
import type { JudgeSpec } from "../../../src/environment/judge-spec.ts";
import { compileGrader } from "../../../src/grader/compile-grader.ts";
import type { EndpointReply } from "../../../src/grader/endpoint-caller.ts";
import type { CleanSandbox } from "../../../src/grader/clean-sandbox.ts";
import type { GradeInput, GradeResult, GraderWait } from "../../../src/grader/port.ts";
import { graderSchema } from "../../../src/grader/schema.ts";
import { fixedKey } from "../../../src/model/api-key.ts";
import { ModelRuntime } from "../../../src/model/model-runtime.ts";
import type { ModelRuntimeOptions } from "../../../src/model/model-runtime.ts";
import { createJudgeModels } from "../../../src/model/openai-judge.ts";
import { fastClock } from "../model/fast-clock.ts";
import { startMockModel } from "../model/mock-model.ts";
import type { MockModel } from "../model/mock-model.ts";
import type { MockScript } from "../model/mock-reply.ts";
import { recordedWorld } from "./grade-input.ts";

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A judge on real HTTP, and graders that ask it. */
export interface JudgeHarness {
  readonly server: MockModel;
  readonly waits: GraderWait[];
  /** Most requests at once that the judge's gate lets through now. */
  limit(): number;
  /** Parses a grader as users write it, and grades. */
  grade(grader: unknown, input: GradeInput): Promise<GradeResult>;
}

/** What a test's judge has that is not usual. */
export interface JudgeHarnessOptions {
  /** Keys of `spec.judges`; all are the same server. */
  readonly models?: readonly string[];
  readonly judge?: Partial<JudgeSpec>;
  readonly runtime?: Partial<ModelRuntimeOptions>;
  readonly cleanSandbox?: CleanSandbox;
  /** What a grading endpoint answers, in turn. */
  readonly endpointReplies?: readonly EndpointReply[];
  readonly timeLimitMs?: number;
}

/** Starts a judge with this script; it ends with the test. Its waits pass a hundred times faster. */
export async function startJudge(
  script: MockScript,
  options: JudgeHarnessOptions = {},
): Promise<JudgeHarness> {
  const server = await startMockModel({ script });
  const runtime = new ModelRuntime({ clock: fastClock(100), random: () => 0.5, ...options.runtime });
  closers.push(
    () => runtime.close(),
    () => server.close(),
  );
  const spec = { baseURL: server.baseURL, structuredOutput: "json_schema" as const, ...options.judge };
  const names = options.models ?? ["judge"];
  const judges = createJudgeModels(Object.fromEntries(names.map((name) => [name, spec])), {
    runtime,
    keyOf: ({ name, key }) => fixedKey(`${name}-${key}`),
  });
  const world = recordedWorld(options.endpointReplies, options.cleanSandbox);
  const deps = { ...world.deps, timeLimitMs: options.timeLimitMs ?? 60_000 };
  return {
    server,
    waits: world.waits,
    limit: () => runtime.gateOf(server.baseURL).state().limit,
    grade: (grader, input) =>
      compileGrader(graderSchema.parse(grader), { passThreshold: 1, judges }).grade(input, deps),
  };
}

/** The JSON body of a request that the judge got. */
export function bodyOf(server: MockModel, number = 0): Record<string, unknown> {
  return JSON.parse(server.requests[number]?.text ?? "{}") as Record<string, unknown>;
}
