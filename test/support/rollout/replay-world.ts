import { encodeStored } from "../../../src/bus/envelope.ts";
import { storeText } from "../../../src/bus/text.ts";
import { workSubject } from "../../../src/bus/subjects.ts";
import { sandboxSpecSchema } from "../../../src/environment/sandbox-spec.ts";
import { AssignmentSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { createTextMask } from "../../../src/lib/text-mask.ts";
import { silentLogger } from "../../../src/lib/logger.ts";
import type { LogFields } from "../../../src/lib/logger.ts";
import type { AgentSetup } from "../../../src/rollout/agent-setup.ts";
import { noObserver } from "../../../src/rollout/observer.ts";
import { readRollout } from "../../../src/rollout/read-rollout.ts";
import type { SandboxClaims } from "../../../src/rollout/sandbox-lease.ts";
import type { AttemptState } from "../../../src/rollout/state.ts";
import { createToolRunner } from "../../../src/rollout/tools/run-tool.ts";
import { Worker } from "../../../src/rollout/worker.ts";
import { SandboxBroker } from "../../../src/sandbox/broker.ts";
import { claimSandbox } from "../../../src/sandbox/claim-client.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";
import { FakeBus } from "../bus/fake-bus.ts";
import type { FakeBusClient } from "../bus/fake-bus.ts";
import { FakeLauncher } from "../sandbox/fake-launcher.ts";
import { MemoryBox } from "../sandbox/memory-box.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { runnerDeps, toolsOf } from "../tools/tool-run.ts";
import { scriptedModel } from "./scripted-model.ts";
import type { ScriptedCall } from "./scripted-model.ts";

/** A rollout of its own. */
export interface ReplayWorldOptions {
  /** The calls of each turn; then the model answers. */
  readonly turns: readonly (readonly ScriptedCall[])[];
  readonly mode?: "replay" | "restart";
  readonly ignore?: readonly string[];
  readonly gradingNeedsSandbox?: boolean;
}

/** A worker that can be killed. */
export interface WorldWorker {
  readonly worker: Worker;
  /** As a process that is gone. */
  kill(): void;
}

const REF = {
  namespace: "ns",
  jobUid: "0123456789ab",
  jobName: "job",
  itemIndex: 0,
  sampleIndex: 0,
  attempt: 0,
  traceId: "trace_1",
  specHash: "0".repeat(64),
  environmentUid: "envuid",
};

const LIMIT_MS = 3_600_000;

/** One attempt, driven by real workers with a real broker and real tools, over sandboxes in memory that may die. */
export class ReplayWorld {
  readonly clock = new VirtualClock();
  readonly bus = new FakeBus({ replicas: 1, clock: this.clock });
  readonly launcher = new FakeLauncher();
  readonly model;
  /** By number, in the order in which they were first used. */
  readonly boxes: MemoryBox[] = [];
  /** Told of each sandbox at its first use. */
  onBox: (box: MemoryBox, index: number) => void = () => undefined;
  /** Told of each lease before its driver gets it; the driver waits for the answer. */
  onLease: (generation: number) => Promise<void> = () => Promise.resolve();
  /** What drivers logged of replacements, and how many their observers were told of. */
  readonly replaced: { readonly fields: LogFields[]; count: number } = { fields: [], count: 0 };
  readonly #options: ReplayWorldOptions;
  readonly #client: FakeBusClient;
  readonly #broker: SandboxBroker;
  readonly #workers = new Set<Worker>();

  constructor(options: ReplayWorldOptions) {
    this.#options = options;
    this.#client = this.bus.connect("test");
    this.model = scriptedModel(this.clock, options.turns);
    let uids = 0;
    this.#broker = new SandboxBroker({
      bus: this.bus.connect("broker"),
      launcher: this.launcher,
      namespace: REF.namespace,
      environmentUid: REF.environmentUid,
      spec: sandboxSpecSchema.parse({}),
      localFolder: null,
      keys: generateSigningKeys(),
      clock: this.clock,
      newId: () => `box${(uids += 1)}`,
      replacesLost: options.mode !== "restart",
    });
  }

  /** Adds a worker, which starts as the clock runs. The first one takes the attempt. */
  addWorker(id: string): WorldWorker {
    const client = this.bus.connect(id);
    let nonces = 0;
    const ids = { shortUid: () => "", traceId: () => "", nonce: () => `${id}-${(nonces += 1)}` };
    const setup = this.#setup();
    const worker = new Worker(
      {
        bus: client,
        clock: this.clock,
        ids,
        logger: { ...silentLogger, info: (message, fields = {}) => this.#logged(message, fields) },
        observer: { ...noObserver, sandboxReplayed: () => void (this.replaced.count += 1) },
        claims: this.#claims(client),
        setupFor: async () => setup,
      },
      { id, slots: 1 },
    );
    this.#workers.add(worker);
    void worker.start();
    const kill = (): void => {
      client.kill();
      this.#workers.delete(worker);
      void worker.stop();
    };
    return { worker, kill };
  }

  /** Dispatches the attempt, and resolves with it once it is sealed. */
  run(): Promise<AttemptState> {
    return this.clock.run(this.#play(), LIMIT_MS);
  }

  /** The node under a sandbox is gone. */
  lose(box: MemoryBox): void {
    box.isDead = true;
    this.launcher.of(box.uid).end({ kind: "node_lost", detail: "test" });
  }

  async #play(): Promise<AttemptState> {
    await this.#broker.start();
    const payload = encodeStored(AssignmentSchema, {
      ref: REF,
      itemJson: await storeText(this.#client, REF.jobUid, "{}"),
      dispatchedAtMs: this.clock.nowMs(),
    });
    await this.#client.publish({ subject: workSubject("rollout", REF, 0), payload });
    for (;;) {
      await this.clock.sleep(50);
      const [attempt] = (await readRollout(this.#client, REF)).attempts;
      if (attempt === undefined || attempt.seal === null) continue;
      await Promise.all(Array.from(this.#workers, (worker) => worker.stop()));
      await this.#broker.stop();
      return attempt;
    }
  }

  #logged(message: string, fields: LogFields): void {
    if (message === "sandbox replaced") this.replaced.fields.push(fields);
  }

  #claims(client: FakeBusClient): SandboxClaims {
    const openSession = ({ sandboxUid }: { readonly sandboxUid: string }) => this.#box(sandboxUid).session();
    return {
      claim: async (claim, signal) => {
        const outcome = await claimSandbox(client, claim, { clock: this.clock, signal, openSession });
        if (outcome.kind === "leased") await this.onLease(outcome.lease.generation);
        return outcome;
      },
      release: () => undefined,
    };
  }

  #box(uid: string): MemoryBox {
    const known = this.boxes.find((box) => box.uid === uid);
    if (known !== undefined) return known;
    const box = new MemoryBox(uid, this.clock);
    this.boxes.push(box);
    this.onBox(box, this.boxes.length - 1);
    return box;
  }

  #setup(): AgentSetup {
    const { mode = "replay", ignore = [], gradingNeedsSandbox = false } = this.#options;
    const tools = toolsOf({ preset: "shell" }, { preset: "files" });
    return {
      limits: { maxTurns: 10, maxToolCalls: 40, agentSeconds: 600 },
      samplesPerItem: 1,
      tools: tools.map(({ definition }) => definition),
      needsSandbox: true,
      recovery:
        mode === "restart"
          ? { kind: "restart" }
          : { kind: "replay", runsInSandbox: () => true, mask: createTextMask(ignore, 1000) },
      gradingNeedsSandbox,
      responseFormat: null,
      promptFor: () => [{ role: "user", content: "write" }],
      model: this.model,
      runTool: createToolRunner(tools, { ...runnerDeps(), clock: this.clock }),
    };
  }
}
