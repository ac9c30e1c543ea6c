import { toRollyardError } from "../errors/rollyard-error.ts";
import type { AttemptRef } from "../gen/rollyard/v1/work_pb.ts";
import type { Clock } from "../lib/clock.ts";
import { inParallel } from "../lib/in-parallel.ts";
import type { Logger } from "../lib/logger.ts";
import type { LeaseLedger, RecordedLease } from "./lease-ledger.ts";
import type { LaunchedSandbox, SandboxEnd } from "./port.ts";
import type { Purpose } from "./purpose.ts";

/** A lease that stands. */
export interface Holding {
  readonly ref: AttemptRef;
  readonly purpose: Purpose;
  readonly generation: number;
  readonly sandboxUid: string;
  /** Null for a lease whose sandbox was gone when this process took over. */
  readonly sandbox: LaunchedSandbox | null;
  /** Of the lease on its subject. */
  readonly sequence: number;
  readonly source: "warm" | "cold";
  /** Its lease may arrive once more, so that the record must stay. */
  readonly mayComeAgain: boolean;
  /** Null while the sandbox lives. */
  ended: SandboxEnd | null;
}

/** What a new holding is made from. */
export interface NewHolding extends Omit<Holding, "sandboxUid" | "ended"> {
  readonly sandbox: LaunchedSandbox;
}

/** What holdings work with beside the ledger. */
export interface HoldingsOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onOrphan: () => void;
}

function holdingOf(fresh: NewHolding): Holding {
  const { ref, purpose, generation, sequence, source, mayComeAgain, sandbox } = fresh;
  const { sandboxUid } = sandbox;
  return { ref, purpose, generation, sequence, source, mayComeAgain, sandbox, sandboxUid, ended: null };
}

const VANISHED = "the sandbox was gone when its broker was started anew";
const RETIRE_AGAIN_MS = 1_000;
const FORGET_AT_ONCE = 16;

/** The leases that stand, by claim key, and the ends of those that were retired. */
export class Holdings {
  readonly #ledger: LeaseLedger;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #byKey = new Map<string, Holding>();
  readonly #heldByJob = new Map<string, number>();
  readonly #retiring = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #live = 0;
  readonly #onOrphan: () => void;
  #isLettingGo = false;

  /** `onOrphan` is told of each lease that this process retired although another had given it. */
  constructor(ledger: LeaseLedger, { clock, logger, onOrphan }: HoldingsOptions) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#logger = logger;
    this.#onOrphan = onOrphan;
  }

  /** Sandboxes that are leased, those that are just ending too; one that went with an earlier process takes no room. */
  get live(): number {
    return this.#live;
  }

  get(key: string): Holding | undefined {
    return this.#byKey.get(key);
  }

  /** Agent sandboxes by job. */
  heldByJob(): ReadonlyMap<string, number> {
    return this.#heldByJob;
  }

  /** Attempts of a job that hold a sandbox, or whose grader does. */
  of(jobUid: string): readonly AttemptRef[] {
    return [...this.#byKey.values()].flatMap(({ ref }) => (ref.jobUid === jobUid ? [ref] : []));
  }

  add(key: string, fresh: NewHolding): void {
    this.#live += 1;
    this.#hold(key, holdingOf(fresh));
  }

  /** Retires a lease that nobody waits for any more, and ends its sandbox; what the key holds by now stays. */
  retireUnwanted(fresh: NewHolding): void {
    this.#live += 1;
    this.#retireSoon(holdingOf(fresh));
  }

  /** Takes over a lease on record with its sandbox; null: that died with the process that had started it. */
  addRecorded(key: string, lease: RecordedLease, sandbox: LaunchedSandbox | null): void {
    const ended: SandboxEnd | null = sandbox === null ? { kind: "node_lost", detail: VANISHED } : null;
    const holding: Holding = { ...lease, sandbox, source: "cold", mayComeAgain: false, ended };
    if (sandbox !== null) this.#live += 1;
    const known = this.#byKey.get(key);
    // Of a sandbox and the one that replaced it, both on record, the later one is the attempt's.
    if (known !== undefined && !isNewer(lease, known)) return this.#retireSoon(holding);
    if (known !== undefined) this.retire(key);
    this.#hold(key, holding);
  }

  /** Retires the leases of attempts that are none any more. */
  retireUnless(isLive: (ref: AttemptRef) => boolean): void {
    for (const [key, { ref }] of Array.from(this.#byKey)) if (!isLive(ref)) this.retire(key);
  }

  /** Forgets the lease and, in the background, retires it on record and then ends its sandbox. */
  retire(key: string): void {
    const holding = this.#byKey.get(key);
    if (holding === undefined) return;
    this.#byKey.delete(key);
    this.#count(holding, -1);
    this.#retireSoon(holding);
  }

  #hold(key: string, holding: Holding): void {
    this.#byKey.set(key, holding);
    this.#count(holding, 1);
    void holding.sandbox?.ended.then((end) => {
      holding.ended = end;
    });
  }

  #retireSoon(holding: Holding): void {
    const retiring = this.#retire(holding).finally(() => {
      if (holding.sandbox !== null) this.#live -= 1;
      this.#retiring.delete(retiring);
    });
    this.#retiring.add(retiring);
  }

  /** Retires all; while closing, a record that can't be written does not keep a sandbox alive. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const key of Array.from(this.#byKey.keys())) this.retire(key);
    await Promise.all(this.#retiring);
  }

  /** Leaves every lease and sandbox as it is, for the next leader. */
  letGo(): void {
    this.#closing.abort();
    this.#isLettingGo = true;
    this.#byKey.clear();
  }

  async #retire(holding: Holding): Promise<void> {
    if (this.#closing.signal.aborted) await holding.sandbox?.stop();
    const result = await this.#retireOnRecord(holding);
    if (this.#isLettingGo && result === "busy") return;
    if (result === "won" && holding.sandbox === null) this.#onOrphan();
    await holding.sandbox?.stop();
    // One that stays as `retired` is removed by the next process: nothing comes any more from this one then.
    if (result === "won" && !holding.mayComeAgain) void this.#forget(holding.sandboxUid);
  }

  async #retireOnRecord(holding: Holding): Promise<"won" | "taken" | "busy"> {
    let result = await this.#write(holding);
    while (result === "busy" && !this.#closing.signal.aborted) {
      await this.#clock.sleep(RETIRE_AGAIN_MS, this.#closing.signal);
      result = await this.#write(holding);
    }
    return result;
  }

  /** Removes, in the background, the records of retired sandboxes that went with an earlier process. */
  forgetVanished(sandboxUids: readonly string[]): void {
    void inParallel(sandboxUids, FORGET_AT_ONCE, (uid) => this.#forget(uid));
  }

  /** Removes the record of a sandbox that is gone; one that stays is found and removed by the next process. Never rejects. */
  async #forget(sandboxUid: string): Promise<void> {
    if (this.#closing.signal.aborted) return;
    try {
      await this.#ledger.forget(sandboxUid);
    } catch (thrown) {
      if (this.#closing.signal.aborted) return;
      const { code } = toRollyardError(thrown);
      this.#logger.warn("lease not removed", { sandbox: sandboxUid, code });
    }
  }

  async #write(holding: Holding): Promise<"won" | "taken" | "busy"> {
    try {
      return await this.#ledger.retire(holding, this.#closing.signal.aborted ? 1 : undefined);
    } catch (thrown) {
      const { code } = toRollyardError(thrown);
      this.#logger.warn("lease not retired", { sandbox: holding.sandboxUid, code });
      return "busy";
    }
  }

  #count(holding: Holding, by: number): void {
    if (holding.purpose !== "agent" || holding.sandbox === null) return;
    const held = (this.#heldByJob.get(holding.ref.jobUid) ?? 0) + by;
    if (held > 0) this.#heldByJob.set(holding.ref.jobUid, held);
    else this.#heldByJob.delete(holding.ref.jobUid);
  }
}

function isNewer(lease: RecordedLease, known: Holding): boolean {
  if (lease.ref.attempt !== known.ref.attempt) return lease.ref.attempt > known.ref.attempt;
  return lease.generation > known.generation;
}
