import type { EnvironmentBroker } from "../../../src/controller/environment/environment-broker.ts";
import type { ReadyEnvironment } from "../../../src/controller/environment/ready-environment.ts";
import type { BrokerSnapshot, ReleaseRef } from "../../../src/sandbox/broker-options.ts";

/** A broker without sandboxes: a test says what its figures are, and reads what it was told. */
export class MemoryBroker implements EnvironmentBroker {
  readonly environmentUid: string;
  warmReplicas: number;
  network: string;
  isDraining: boolean;
  stopped: { readonly handOver: boolean } | null = null;
  readonly released: ReleaseRef[] = [];
  readonly forgottenJobs: string[] = [];
  figures: BrokerSnapshot = {
    ready: 0,
    starting: 0,
    leased: 0,
    replicas: 0,
    waiting: 0,
    oldestWaitMs: null,
    failed: 0,
    breaker: { state: "closed", consecutiveFailures: 0, lastCode: "", lastReason: "" },
    pressure: null,
  };

  constructor({ uid, spec }: ReadyEnvironment, isDraining: boolean) {
    this.environmentUid = uid;
    this.warmReplicas = spec.sandbox.warmReplicas;
    this.network = spec.sandbox.network;
    this.isDraining = isDraining;
  }

  update({ spec }: ReadyEnvironment, isDraining: boolean): void {
    this.warmReplicas = spec.sandbox.warmReplicas;
    this.network = spec.sandbox.network;
    this.isDraining = isDraining;
  }

  release(ref: ReleaseRef): void {
    this.released.push(ref);
  }

  forgetJob(jobUid: string): void {
    this.forgottenJobs.push(jobUid);
  }

  snapshot(): BrokerSnapshot {
    return this.figures;
  }

  traces(): null {
    return null;
  }

  stop(options: { readonly handOver: boolean }): Promise<void> {
    this.stopped = options;
    return Promise.resolve();
  }
}
