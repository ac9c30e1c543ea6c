import { GraderGate } from "./grader-gate.ts";
import { NO_LIMITS, limitsOf } from "./grader-limits.ts";
import type { ConfiguredLimits, GraderNode } from "./grader-limits.ts";

/** Finds the gate of a grader of one environment. */
export type GateOf = (node: GraderNode) => GraderGate;

/**
 * The gates of a process, one for each grader of each environment: jobs of one environment share them, and so do its
 * grader's versions, as long as the limits are the same. A gate lives as long as a compiled grader holds it.
 */
export class GraderGates {
  readonly #limits: ConfiguredLimits;
  readonly #gates = new Map<string, WeakRef<GraderGate>>();
  readonly #gone = new FinalizationRegistry<string>((key) => {
    if (this.#gates.get(key)?.deref() === undefined) this.#gates.delete(key);
  });

  constructor(limits: ConfiguredLimits = NO_LIMITS) {
    this.#limits = limits;
  }

  /** The gates of an environment, named `<namespace>/<name>`. */
  of(environment: string): GateOf {
    return (node) => this.#gate(environment, node);
  }

  #gate(environment: string, node: GraderNode): GraderGate {
    const limits = limitsOf(node, environment, this.#limits);
    const key = JSON.stringify([environment, node.key, node.type, limits]);
    const known = this.#gates.get(key)?.deref();
    if (known !== undefined) return known;
    const gate = new GraderGate(limits);
    this.#gates.set(key, new WeakRef(gate));
    this.#gone.register(gate, key);
    return gate;
  }
}
