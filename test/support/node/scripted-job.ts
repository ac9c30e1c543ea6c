import type { KubeObject } from "../../../src/kube/kube-object.ts";
import type { ClusterWorld } from "../../chaos/cluster/cluster-world.ts";
import { eventually } from "../cluster/eventually.ts";
import { chatBody } from "../model/mock-bodies.ts";
import { startMockModel } from "../model/mock-model.ts";
import type { MockModel } from "../model/mock-model.ts";
import type { MockScript } from "../model/mock-reply.ts";
import { readRollouts } from "./seen-rollout.ts";
import type { SeenRollout } from "./seen-rollout.ts";

/** A rollout whose agent runs one shell script in its sandbox and answers `done`. */
export interface ScriptedRollout {
  readonly image: string;
  readonly script: string;
}

/** A job of such rollouts. */
export interface ScriptedJobOptions {
  /** Of the job and of its environment. */
  readonly name: string;
  readonly rollouts: readonly ScriptedRollout[];
  /** Over the environment's sandbox. */
  readonly sandbox?: object;
  /** More of the environment, such as another grader. */
  readonly environment?: object;
  readonly maxAttempts?: number;
}

const API_VERSION = "rollyard.dev/v1alpha1";
const HERE = { namespace: "default" };
const JOBS = { group: "rollyard.dev", version: "v1alpha1", plural: "rolloutjobs" };
const END_MS = 180_000;
const POLL_MS = 250;

/** Plays each rollout: its first user message is the script. */
const playScript: MockScript = ({ text, turn }) => {
  if (turn > 0) return { kind: "json", body: chatBody({ content: "done" }) };
  const { messages } = JSON.parse(text) as { readonly messages: readonly { readonly content: string }[] };
  const call = { name: "sh", arguments: JSON.stringify({ script: messages[0]?.content ?? "" }) };
  return { kind: "json", body: chatBody({ calls: [call] }) };
};

/** A job that runs. */
export class ScriptedJob {
  readonly #world: ClusterWorld;
  readonly #model: MockModel;
  readonly #name: string;
  readonly #uid: string;

  private constructor(world: ClusterWorld, model: MockModel, { name, uid }: { name: string; uid: string }) {
    this.#world = world;
    this.#model = model;
    this.#name = name;
    this.#uid = uid;
  }

  /** Applies it with its environment. */
  static async start(world: ClusterWorld, options: ScriptedJobOptions): Promise<ScriptedJob> {
    const model = await startMockModel({ script: playScript });
    const { name } = options;
    for (const object of [environmentOf(options), jobOf(options, model.baseURL)])
      await world.kubectl(["create", "-f", "-"], object);
    const job = await world.whole.client.get<KubeObject>(JOBS, { ...HERE, name });
    return new ScriptedJob(world, model, { name, uid: job?.metadata.uid ?? "" });
  }

  /** What of it is on record, by the index of the rollout. */
  rollouts(): Promise<readonly SeenRollout[]> {
    return readRollouts(this.#world.bus, this.#uid);
  }

  /** Resolves with the name of a rollout's pod once its sandbox is leased. */
  async untilLeased(index: number): Promise<string> {
    const seen = await this.#until(
      async () => (await this.rollouts())[index],
      (rollout) => (rollout?.attempts.at(-1)?.sandboxes.length ?? 0) > 0,
    );
    return `${this.#name}-${seen?.attempts.at(-1)?.sandboxes.at(-1) ?? ""}`;
  }

  /** Resolves once the agent of a rollout has stopped, graded or not. */
  async untilStopped(index: number): Promise<void> {
    await this.#until(
      async () => (await this.rollouts())[index],
      (rollout) => (rollout?.attempts.at(-1)?.seal ?? null) !== null,
    );
  }

  /** Resolves with what is on record once the job has ended. */
  async end(): Promise<readonly SeenRollout[]> {
    const isOver = (job: JobObject | null): boolean =>
      (job?.status?.conditions ?? []).some(
        ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
      );
    const look = (): Promise<JobObject | null> =>
      this.#world.whole.client.get<JobObject>(JOBS, { ...HERE, name: this.#name });
    await this.#until(look, isOver);
    return this.rollouts();
  }

  /** Deletes job and environment; resolves when both are gone. */
  async remove(): Promise<void> {
    await this.#world.kubectl(["delete", `rolloutjob/${this.#name}`, `environment/${this.#name}`]);
    await this.#model.close();
  }

  async #until<T>(look: () => Promise<T>, isRight: (seen: T) => boolean): Promise<T> {
    try {
      return await eventually(look, isRight, END_MS, POLL_MS);
    } catch (error) {
      throw new Error(await this.#world.lastWords(), { cause: error });
    }
  }
}

interface JobObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function environmentOf({ name, sandbox, environment }: ScriptedJobOptions): object {
  const spec = {
    sandbox: {
      image: "{{ item.image }}",
      resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "96Mi" } },
      ...sandbox,
    },
    prompt: [{ role: "user", content: "{{ item.script }}" }],
    tools: [
      {
        name: "sh",
        parameters: { type: "object", properties: { script: { type: "string" } }, required: ["script"] },
        exec: { argv: ["sh", "-c", "{{ arguments.script }}"], timeoutSeconds: 120 },
      },
    ],
    limits: { maxTurns: 3, agentSeconds: 600, toolSeconds: 120 },
    grader: {
      type: "string_check",
      name: "done",
      input: "{{ sample.output_text }}",
      reference: "done",
      operation: "eq",
    },
    ...environment,
  };
  return { apiVersion: API_VERSION, kind: "Environment", metadata: { name, ...HERE }, spec };
}

function jobOf({ name, rollouts, maxAttempts = 1 }: ScriptedJobOptions, baseURL: string): object {
  const spec = {
    environmentRef: { name },
    dataset: { inline: rollouts },
    samplesPerItem: 1,
    parallelism: rollouts.length,
    model: { baseURL, name: "scripted" },
    retry: { maxAttempts, budgetPercent: 1000 },
  };
  return { apiVersion: API_VERSION, kind: "RolloutJob", metadata: { name, ...HERE }, spec };
}
