import { create } from "@bufbuild/protobuf";
import { encodeStored } from "../../../src/bus/envelope.ts";
import { workFilter, workSubject } from "../../../src/bus/subjects.ts";
import type { WorkKind } from "../../../src/bus/streams.ts";
import { AssignmentSchema, AttemptRefSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { ModelAnswer, SampleRequest } from "../../../src/model/port.ts";
import type { AgentSetup } from "../../../src/rollout/agent-setup.ts";
import type { AttemptRef } from "../../../src/rollout/attempt-ref.ts";
import { randomIds } from "../../../src/rollout/ids.ts";
import { textOf } from "../../../src/rollout/inline-text.ts";
import { noObserver } from "../../../src/rollout/observer.ts";
import { readRollout } from "../../../src/rollout/read-rollout.ts";
import type { SandboxClaims } from "../../../src/rollout/sandbox-lease.ts";
import type { AttemptState } from "../../../src/rollout/state.ts";
import { Worker } from "../../../src/rollout/worker.ts";
import type { WorkerDeps } from "../../../src/rollout/worker.ts";
import { FakeBus } from "../bus/fake-bus.ts";
import type { FakeBusClient, FakeBusOptions } from "../bus/fake-bus.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";

/** A worker of the world. */
export interface WorldWorker {
  readonly worker: Worker;
  readonly client: FakeBusClient;
  /** As SIGKILL: nothing of it is heard any more. */
  kill(): void;
  isDead(): boolean;
}

/** How an agent behaves; `worker` is the one that drives it. */
export interface AgentScript {
  /** Answers a model call; the default is one answer at once. */
  readonly sample?: (request: SampleRequest, worker: WorldWorker) => Promise<ModelAnswer>;
  /** Called before the prompt is made, with the item's index. */
  readonly onPrompt?: (itemIndex: number, worker: WorldWorker) => void;
  readonly needsSandbox?: boolean;
}

/** Claims that are never answered. */
export const noSandboxes: SandboxClaims = {
  claim: (_claim, signal) =>
    new Promise((resolve) => {
      const gone = (): void => resolve({ kind: "gone" });
      if (signal.aborted) gone();
      signal.addEventListener("abort", gone, { once: true });
    }),
  release: () => undefined,
};

/** Workers on a simulated bus and clock, and the assignments that they get. No planner, no graders. */
export class WorkerWorld {
  readonly clock = new VirtualClock();
  readonly bus: FakeBus;
  readonly #script: AgentScript;
  readonly #reader: FakeBusClient;

  /** `maxBytes` makes streams small. */
  constructor(script: AgentScript = {}, maxBytes: NonNullable<FakeBusOptions["maxBytes"]> = {}) {
    this.#script = script;
    this.bus = new FakeBus({ replicas: 1, clock: this.clock, latencyMs: 1, maxBytes });
    this.#reader = this.bus.connect("reader");
  }

  async worker(id: string, changes: Partial<WorkerDeps> = {}, slots = 64): Promise<WorldWorker> {
    const client = this.bus.connect(id);
    const deps: WorkerDeps = {
      bus: client,
      clock: this.clock,
      ids: randomIds,
      logger: silentLogger,
      observer: noObserver,
      claims: noSandboxes,
      setupFor: async () => this.setup(made),
      ...changes,
    };
    const worker = new Worker(deps, { id, slots });
    let isDead = false;
    const kill = (): void => {
      isDead = true;
      client.kill();
      void worker.stop();
    };
    const made = { worker, client, kill, isDead: () => isDead };
    await worker.start();
    return made;
  }

  async dispatch(itemIndex: number, payload?: Uint8Array): Promise<void> {
    const ref = this.ref(itemIndex);
    const assignment = { ref, itemJson: textOf(JSON.stringify({ index: itemIndex })) };
    await this.#reader.publish({
      subject: workSubject("rollout", ref, 0),
      payload: payload ?? encodeStored(AssignmentSchema, assignment),
    });
  }

  ref(itemIndex: number): AttemptRef {
    return create(AttemptRefSchema, { namespace: "ns", jobUid: "0123456789ab", itemIndex });
  }

  /** The attempt's log as it stands; undefined before it began. */
  async attempt(itemIndex: number): Promise<AttemptState | undefined> {
    return (await readRollout(this.#reader, this.ref(itemIndex))).attempts.at(-1);
  }

  /** Items that have work of a kind in the stream. */
  inWork(kind: WorkKind): readonly number[] {
    const subjects = this.bus.stream("work").subjects(workFilter(kind));
    return [...subjects.keys()].map((subject) => Number(subject.split(".")[5]?.split("-")[0]));
  }

  /** Resolves once the condition holds; asked now and then in simulated time. */
  async until(condition: () => boolean | Promise<boolean>, everyMs = 100): Promise<void> {
    while (!(await condition())) await this.clock.sleep(everyMs);
  }

  /** The snapshot's agent as a worker has it. */
  setup(worker: WorldWorker): AgentSetup {
    const { sample = async () => modelAnswer(), onPrompt, needsSandbox = false } = this.#script;
    return {
      limits: { maxTurns: 10, maxToolCalls: 40, agentSeconds: 36_000 },
      samplesPerItem: 1,
      tools: [],
      needsSandbox,
      gradingNeedsSandbox: false,
      recovery: { kind: "restart" },
      responseFormat: null,
      promptFor: (item) => {
        onPrompt?.(Number(item["index"]), worker);
        return [{ role: "user", content: "?" }];
      },
      model: { throttled: false, sample: (request) => sample(request, worker) },
      runTool: () => Promise.reject(new Error("no tools")),
    };
  }
}

/** An answer; with a call when it asks for a tool. */
export function modelAnswer(asksForTool = false): ModelAnswer {
  const call = { id: "c", type: "function", function: { name: "shell", arguments: "{}" } } as const;
  return {
    kind: "answer",
    message: asksForTool
      ? { role: "assistant", content: null, tool_calls: [call] }
      : { role: "assistant", content: "done" },
    finishReason: asksForTool ? "tool_calls" : "stop",
    usage: null,
    policyVersion: "",
    startedAtMs: 0,
    modelMs: 1,
    waitedMs: 0,
    promptTokenIds: [],
    tokenIds: [],
    logprobs: [],
  };
}
