import { create } from "@bufbuild/protobuf";
import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { AttemptRefSchema } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { AttemptRef } from "../../../src/gen/rollyard/v1/work_pb.ts";
import type { ClaimOutcome, SandboxClaim } from "../../../src/rollout/sandbox-lease.ts";
import type { BrokerOptions } from "../../../src/sandbox/broker-options.ts";
import { SandboxBroker } from "../../../src/sandbox/broker.ts";
import { claimSandbox } from "../../../src/sandbox/claim-client.ts";
import type { ClosableSandboxSession } from "../../../src/sandbox/closable-session.ts";
import { LeaseLedger } from "../../../src/sandbox/lease-ledger.ts";
import type { OpenSession } from "../../../src/sandbox/leased-session.ts";
import { generateSigningKeys } from "../../../src/sandbox/signing-keys.ts";
import { FakeBus } from "../bus/fake-bus.ts";
import type { FakeBusClient } from "../bus/fake-bus.ts";
import type { PublishFault } from "../bus/fake-faults.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";

/** Uid of the environment whose sandboxes the brokers hand out. */
export const ENVIRONMENT_UID = "envuid";

/** An attempt at a rollout of the one item. */
export function attemptOf(sampleIndex: number, attempt = 0, jobUid = "0123456789ab"): AttemptRef {
  const place = { namespace: "ns", jobUid, itemIndex: 0, sampleIndex, environmentUid: ENVIRONMENT_UID };
  return create(AttemptRefSchema, { ...place, attempt });
}

/** A session whose sandbox can't be reached: whoever calls it asks the broker how it is. */
export const deadSession: OpenSession = ({ sandboxUid }): ClosableSandboxSession => {
  const fail = () => Promise.reject(new RollyardError("sandbox_unreachable"));
  return {
    sandboxUid,
    exec: fail,
    readFile: fail,
    writeFile: fail,
    readTree: fail,
    freeze: fail,
    close: () => Promise.resolve(),
  };
};

/** What a claim asks for beyond its attempt; by default an agent's first sandbox. */
export type WantedClaim = Partial<SandboxClaim> & Pick<SandboxClaim, "ref">;

type BrokerParts = Pick<BrokerOptions, "bus" | "launcher" | "spec"> & Partial<BrokerOptions>;

const LIMIT_MS = 3_600_000;
const KEYS = generateSigningKeys();
const FIRST = { purpose: "agent", epoch: 1, generation: 0, lostSandboxUid: null } as const;

/** A bus, brokers on it and a worker that claims, under a clock that runs as fast as they do. */
export class BrokerWorld {
  readonly clock = new VirtualClock();
  readonly bus: FakeBus;
  readonly worker: FakeBusClient;
  #brokers: readonly SandboxBroker[] = [];
  #ids = 0;

  /** The faults happen to writes of leases, the last one first. */
  constructor(leaseFaults: PublishFault[] = []) {
    const onPublish = (_client: string, { subject }: { readonly subject: string }) =>
      subject.startsWith("rollyard.leases.") ? leaseFaults.pop() : undefined;
    this.bus = new FakeBus({ replicas: 1, clock: this.clock, faults: { onPublish } });
    this.worker = this.bus.connect("worker");
  }

  /** Lets the time pass that the work takes. */
  run<T>(work: Promise<T>): Promise<T> {
    return this.clock.run(work, LIMIT_MS);
  }

  later(ms: number): Promise<void> {
    return this.run(this.clock.sleep(ms));
  }

  async startBroker(parts: BrokerParts): Promise<SandboxBroker> {
    const broker = new SandboxBroker({
      namespace: "ns",
      environmentUid: ENVIRONMENT_UID,
      localFolder: null,
      keys: KEYS,
      clock: this.clock,
      newId: () => `box${(this.#ids += 1)}`,
      ...parts,
    });
    this.#brokers = [...this.#brokers, broker];
    await this.run(broker.start());
    return broker;
  }

  /** The broker is none of those that still run at the end. */
  isGone(broker: SandboxBroker): void {
    this.#brokers = this.#brokers.filter((each) => each !== broker);
  }

  async stop(broker: SandboxBroker, options?: { readonly handOver: boolean }): Promise<void> {
    this.isGone(broker);
    await this.run(broker.stop(options));
  }

  claiming(wanted: WantedClaim, openSession: OpenSession = deadSession): Promise<ClaimOutcome> {
    return claimSandbox(this.worker, { ...FIRST, ...wanted }, { clock: this.clock, openSession });
  }

  claimed(wanted: WantedClaim): Promise<ClaimOutcome> {
    return this.run(this.claiming(wanted));
  }

  async leased(wanted: WantedClaim, openSession?: OpenSession) {
    const outcome = await this.run(this.claiming(wanted, openSession));
    if (outcome.kind !== "leased") throw new Error(`not leased: ${JSON.stringify(outcome)}`);
    return outcome;
  }

  /** The leases as a process of its own reads and writes them. */
  ledger(): LeaseLedger {
    return new LeaseLedger(this.bus.connect(`ledger-${(this.#ids += 1)}`), this.clock);
  }

  /** All that is on record of the environment. */
  recorded() {
    return this.run(this.ledger().recorded(ENVIRONMENT_UID));
  }

  async close(): Promise<void> {
    await this.run(Promise.all(this.#brokers.map((broker) => broker.stop())));
    this.bus.stop();
  }
}
