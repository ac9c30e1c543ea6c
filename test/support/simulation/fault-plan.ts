import type { AckFault, FakeBusFaults, PublishFault, ReadFault, RequestFault } from "../bus/fake-faults.ts";
import type { CallPlace, Fault, ModelTrouble, Part, StartTrouble } from "./schedule.ts";

type OfKind<K extends Fault["kind"]> = Extract<Fault, { kind: K }>;
type SandboxTrouble = OfKind<"sandbox">["trouble"];

/** A schedule's faults, handed out when their turn comes. */
export class FaultPlan {
  readonly #faults: readonly Fault[];
  readonly #counts = new Map<string, number>();
  readonly #byTurn = new Map<string, Fault>();

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
    for (const fault of faults) if ("nth" in fault) this.#byTurn.set(`${fault.kind}/${fault.nth}`, fault);
  }

  /** All of some kinds. */
  of<K extends Fault["kind"]>(...kinds: readonly K[]): readonly OfKind<K>[] {
    const wanted: ReadonlySet<string> = new Set(kinds);
    return this.#faults.filter((fault): fault is OfKind<K> => wanted.has(fault.kind));
  }

  /** What happens to one process at its calls. */
  at(part: Part, number: number): readonly (CallPlace & Fault)[] {
    return this.of("crash", "pause", "cut", "drain").filter(
      (fault) => fault.part === part && fault.number === number,
    );
  }

  nextStart(): StartTrouble | null {
    return this.#next("start")?.trouble ?? null;
  }

  nextSandboxRequest(): SandboxTrouble | null {
    return this.#next("sandbox")?.trouble ?? null;
  }

  nextModelCall(): ModelTrouble | null {
    return this.#next("model")?.trouble ?? null;
  }

  /** How long the stale leader sleeps that saw the sandbox come up. */
  nextSweep(): number | null {
    return this.#next("stale_sweep")?.behindMs ?? null;
  }

  /** Whether streams are full at a time since the start. */
  isFull(atMs: number): boolean {
    return this.of("full").some((full) => atMs >= full.atMs && atMs < full.atMs + full.forMs);
  }

  endpointTrouble(atMs: number): OfKind<"endpoint">["trouble"] | null {
    const under = this.of("endpoint").find((fault) => atMs >= fault.atMs && atMs < fault.atMs + fault.forMs);
    return under?.trouble ?? null;
  }

  /** What the bus does to operations, by their number. */
  busFaults(sinceStartMs: () => number): FakeBusFaults {
    const fulls = this.of("full").length > 0;
    return {
      onPublish: () => this.#publishFault() ?? (fulls && this.isFull(sinceStartMs()) ? "full" : undefined),
      onRead: () => this.#readFault(),
      onAck: () => this.#ackFault(),
      onRequest: () => this.#requestFault(),
      onInfo: () => this.#next("slow_info")?.delayMs ?? 0,
    };
  }

  #publishFault(): PublishFault | undefined {
    const fault = this.#next("publish")?.fault;
    return typeof fault === "number" ? { delayMs: fault } : fault;
  }

  #readFault(): ReadFault | undefined {
    const fault = this.#next("read");
    return fault === undefined ? undefined : { lagMs: fault.lagMs };
  }

  #ackFault(): AckFault | undefined {
    const delayMs = this.#next("ack")?.delayMs;
    return typeof delayMs === "number" ? { delayMs } : delayMs;
  }

  #requestFault(): RequestFault | undefined {
    return this.#next("request")?.fault;
  }

  #next<K extends Fault["kind"]>(kind: K): OfKind<K> | undefined {
    const nth = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, nth);
    return this.#byTurn.get(`${kind}/${nth}`) as OfKind<K> | undefined;
  }
}
