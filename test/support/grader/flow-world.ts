import { fromBinary } from "@bufbuild/protobuf";
import { HEADERS } from "../../../src/bus/port.ts";
import { OutcomeSchema, SettleRequestSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { Outcome, SettleRequest } from "../../../src/gen/rollyard/v1/work_pb.ts";
import { compileGrader } from "../../../src/grader/compile-grader.ts";
import type { EndpointReply } from "../../../src/grader/endpoint-caller.ts";
import type { GradeFlowDeps } from "../../../src/grader/grade-flow.ts";
import { GraderGates } from "../../../src/grader/grader-gates.ts";
import { GraderWaits } from "../../../src/grader/grader-waits.ts";
import { noGraderMetrics } from "../../../src/grader/metrics.ts";
import type { GraderSpec } from "../../../src/grader/schema.ts";
import { noteLogger } from "../lib/note-logger.ts";
import { InstantClock } from "./instant-clock.ts";
import { MemoryLogStore } from "./memory-log-store.ts";
import { OUTCOMES, settleSubjectOf, writeOutcome } from "./stopped-rollout.ts";
import { noAgentFiles, noCleanSandbox } from "./no-sandbox.ts";

/** A grader that compares the answer with the item's. */
export const EXACT: GraderSpec = {
  type: "string_check",
  name: "exact",
  operation: "eq",
  input: "{{ sample.output_text }}",
  reference: "{{ item.answer }}",
};

/** A grader that asks the test. */
export const ENDPOINT: GraderSpec = { type: "endpoint", url: "http://127.0.0.1:1/" };

/** Everything that the flow of one grader touches. */
export class FlowWorld {
  readonly store = new MemoryLogStore();
  readonly clock = new InstantClock();
  readonly log = noteLogger();
  readonly soft = new AbortController();
  readonly hard = new AbortController();
  spec: GraderSpec = EXACT;
  graderRuns = 0;
  /** The process's limits; the one environment is `ns/env`. */
  gates = new GraderGates();
  /** What the endpoint answers; counted. */
  reply: (call: number) => EndpointReply | Promise<EndpointReply> = () => ({
    kind: "answered",
    status: 200,
    body: '{"score": 1}',
    retryAfterMs: null,
  });
  endpointCalls = 0;
  readonly #waits = new GraderWaits(this.log.logger);
  #nonces = 0;

  get drain() {
    return { soft: this.soft.signal, hard: this.hard.signal };
  }

  /** The dependencies of one grader process; each has its own nonces. */
  get deps(): GradeFlowDeps {
    return {
      store: this.store,
      clock: this.clock,
      logger: this.log.logger,
      metrics: noGraderMetrics,
      nonce: () => `grader-${(this.#nonces += 1)}`,
      loadSetup: async () => {
        const grader = compileGrader(this.spec, { passThreshold: 1, gateOf: this.gates.of("ns/env") });
        return {
          environment: "env",
          graderType: this.spec.type,
          agentFilePaths: [],
          hasResponseFormat: false,
          timeLimitMs: 1000,
          grader: {
            grade: (input, deps) => {
              this.graderRuns += 1;
              return grader.grade(input, deps);
            },
          },
        };
      },
      waits: this.#waits,
      slot: { leave: () => undefined, enter: async (signal) => !signal.aborted },
      agentFilesFor: () => noAgentFiles,
      cleanSandboxFor: () => noCleanSandbox,
      endpointCaller: { post: async () => this.reply((this.endpointCalls += 1)) },
    };
  }

  /** From now on a controller settles what it is asked to, when the grader asks once more. */
  withController(): void {
    const { fault } = this.store;
    this.store.fault = (operation) => {
      const isSettling = operation.kind === "publish" && operation.subject === settleSubjectOf(0);
      if (isSettling && this.settleOf(0) !== null && this.store.on(OUTCOMES).length === 0) {
        writeOutcome(this.store, 0, "failed");
      }
      return fault(operation);
    };
  }

  /** The outcomes that readers accept, decoded. */
  get outcomes(): readonly Outcome[] {
    const stored = this.store.on(OUTCOMES).filter(({ headers }) => headers[HEADERS.outcome] === "graded");
    return stored.map(({ payload }) => fromBinary(OutcomeSchema, payload));
  }

  /** The settle request of an attempt, decoded. */
  settleOf(attempt: number): SettleRequest | null {
    const message = this.store.on(settleSubjectOf(attempt)).at(0);
    return message === undefined ? null : fromBinary(SettleRequestSchema, message.payload);
  }
}
