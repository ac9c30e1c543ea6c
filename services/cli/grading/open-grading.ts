import type { EnvironmentInput } from "../../../src/config/run-input.ts";
import { usesPython } from "../../../src/config/uses-python.ts";
import type { EnvironmentSpec } from "../../../src/environment/environment.ts";
import { resolveTools } from "../../../src/environment/tool-definitions.ts";
import { isErrorCode } from "../../../src/errors/codes.ts";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { AgentFiles } from "../../../src/grader/agent-files.ts";
import { compileGrader } from "../../../src/grader/compile-grader.ts";
import { stayIn } from "../../../src/grader/grading-stay.ts";
import type { GradeDeps, GradeInput, Grader, GradeResult, GraderWait } from "../../../src/grader/port.ts";
import { UndiciEndpointCaller } from "../../../src/grader-http/undici-endpoint-caller.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { SecretKeyRef } from "../../../src/lib/schema/secret-ref.ts";
import { fixedKey } from "../../../src/model/api-key.ts";
import type { ApiKey } from "../../../src/model/api-key.ts";
import { ModelRuntime } from "../../../src/model/model-runtime.ts";
import { createJudgeModels } from "../../../src/model/openai-judge.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { graderSandboxSpec } from "../../../src/sandbox/grader-sandbox-spec.ts";
import type { SandboxLauncher } from "../../../src/sandbox/port.ts";
import { selectLauncher } from "../../../src/sandbox/select-launcher.ts";
import type { SandboxChoice } from "../../../src/sandbox/select-launcher.ts";
import type { CliIo } from "../cli-io.ts";
import { findSandboxd } from "../find-programs.ts";
import { graderRuntimeFor } from "../run/grader-runtime.ts";
import { LaunchedCleanSandbox } from "./launched-clean-sandbox.ts";
import type { CleanSandboxKind } from "./launched-clean-sandbox.ts";

/** How a grader is used without a run around it. */
export interface GradingOptions {
  readonly sandbox: SandboxChoice;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Longest that one grading waits for what is down, in milliseconds; then it fails with the code that it waited out. */
  readonly mostWaitMs: number;
  /** Whether packages of python graders are made ready at once, where the Environment has such a grader; default true. */
  readonly prepare?: boolean;
  /** Stands in for the agent's files, which went with its sandbox; by default none can be had. */
  readonly agentFiles?: AgentFiles;
  /** Told of each wait. */
  readonly onWait?: (wait: GraderWait) => void;
}

/** Another grader than the Environment's, or an earlier end. */
export interface OneGrading {
  readonly spec?: EnvironmentSpec;
  readonly signal?: AbortSignal;
}

/** Graders that work on this machine, without a bus and without the agent's sandbox. */
export interface Grading {
  /** Grades by the Environment's grader, or by another's. Rejects as a grader does. */
  grade(input: GradeInput, other?: OneGrading): Promise<GradeResult>;
  /** Ends sandboxes and connections. */
  close(): Promise<void>;
}

/** Makes the grader ready; where it runs python, its packages too. Throws `bad_input` and class config. */
export async function openGrading(
  input: EnvironmentInput,
  options: GradingOptions,
  io: CliIo,
): Promise<Grading> {
  const { spec } = input.environment;
  const runtime = new ModelRuntime();
  const endpointCaller = new UndiciEndpointCaller();
  const assets = await input.readGraderAssets();
  const compiled = (own: EnvironmentSpec): Grader =>
    compileGrader(own.grader, {
      passThreshold: own.passThreshold,
      judges: createJudgeModels(own.judges, { runtime, keyOf: (reference) => keyOf(input, reference) }),
      tools: resolveTools(own).map(({ name }) => name),
      assets,
    });
  const grader = compiled(spec);
  const sandboxes = new CleanSandboxes(input, options.sandbox, io);
  if (options.prepare !== false && usesPython(input.environment)) await sandboxes.kind();
  return {
    grade: async (graded, other = {}) => {
      const signal = AbortSignal.any([options.signal, ...(other.signal === undefined ? [] : [other.signal])]);
      const cleanSandbox = new LaunchedCleanSandbox(() => sandboxes.kind());
      try {
        const own = other.spec === undefined ? grader : compiled(other.spec);
        return await own.grade(graded, {
          clock: systemClock,
          signal,
          cleanSandbox,
          agentFiles: options.agentFiles ?? goneAgentFiles,
          endpointCaller,
          nonce: () => randomIds.nonce(),
          timeLimitMs: spec.limits.gradeSeconds * 1000,
          spend: () => undefined,
          countTokens: () => undefined,
          waitOut: waitOut(options),
          stay: stayIn,
        });
      } finally {
        await cleanSandbox.close();
      }
    },
    close: async () => {
      await Promise.all([sandboxes.close(), endpointCaller.close(), runtime.close()]);
    },
  };
}

/** What the agent left went with its sandbox. */
const goneAgentFiles: AgentFiles = {
  take: () => Promise.reject(new RollyardError("sandbox_files_gone")),
};

function keyOf({ secrets }: EnvironmentInput, reference: SecretKeyRef): ApiKey {
  const secret = secrets.get(reference);
  if (secret !== undefined) return fixedKey(secret.reveal());
  throw new RollyardError("secret_not_found", {
    message: `spec.judges: no key "${reference.key}" of a Secret "${reference.name}" was given.`,
  });
}

/** Types whose failures are those of a judge model. */
const JUDGED: ReadonlySet<string> = new Set(["score_model", "label_model", "judge_veto"]);

function waitOut({ mostWaitMs, onWait }: GradingOptions): GradeDeps["waitOut"] {
  let waitedMs = 0;
  return async (wait, signal) => {
    signal.throwIfAborted();
    waitedMs += wait.delayMs;
    if (waitedMs > mostWaitMs) {
      throw new RollyardError(isErrorCode(wait.code) ? wait.code : "grader_failed", {
        details: JUDGED.has(wait.graderType) ? { judge: wait.graderType } : { grader: wait.graderType },
      });
    }
    onWait?.(wait);
    await systemClock.sleep(wait.delayMs, signal);
    signal.throwIfAborted();
  };
}

/** The launcher and the packages of graders' sandboxes, made when the first is needed. */
class CleanSandboxes {
  readonly #input: EnvironmentInput;
  readonly #choice: SandboxChoice;
  readonly #io: CliIo;
  #launcher: SandboxLauncher | null = null;
  #kind: Promise<CleanSandboxKind> | null = null;

  constructor(input: EnvironmentInput, choice: SandboxChoice, io: CliIo) {
    this.#input = input;
    this.#choice = choice;
    this.#io = io;
  }

  kind(): Promise<CleanSandboxKind> {
    return (this.#kind ??= this.#make());
  }

  async close(): Promise<void> {
    await this.#launcher?.close();
  }

  async #make(): Promise<CleanSandboxKind> {
    const { sandbox } = this.#input.environment.spec;
    const sandboxd = await findSandboxd(this.#io.env);
    this.#launcher = await selectLauncher(this.#choice, { sandboxd, spec: sandbox });
    const runtime = await graderRuntimeFor(this.#input, this.#launcher, this.#io);
    return {
      launcher: this.#launcher,
      spec: graderSandboxSpec(sandbox, runtime.image),
      venv: runtime.venv ?? null,
    };
  }
}
