import { fairShare } from "../../job/fair-share.ts";
import type { NamespaceShare, SharingJob } from "../../job/fair-share.ts";
import type { DispatchShare } from "../../job/job-runner.ts";

/** What the administrators set. */
export interface SharingRules {
  readonly namespaces: ReadonlyMap<string, NamespaceShare>;
  /** Most rollouts active at once by the base URL of a model endpoint. */
  readonly modelEndpoints: ReadonlyMap<string, number>;
}

/** A job that dispatches beside others. */
export interface BoardMember {
  /** As it is now. */
  look(): Omit<SharingJob, "key">;
  /** It may dispatch now. */
  nudge(): void;
}

/** Lends the workers' free slots to the jobs of this process, each its share at the time when it asks. */
export class DispatchBoard {
  readonly #rules: SharingRules;
  /** Of all workers; null while none was heard of. */
  readonly #slots: () => number | null;
  readonly #members = new Map<string, BoardMember>();
  /** Lent and not given back: it counts as active. */
  readonly #lent = new Map<string, number>();
  #isNudging = false;

  constructor(rules: SharingRules, slots: () => number | null) {
    this.#rules = rules;
    this.#slots = slots;
  }

  /** Takes part from now on. */
  join(key: string, member: BoardMember): DispatchShare {
    this.#members.set(key, member);
    return {
      lend: () => {
        this.#lent.delete(key);
        const share = this.#shares().get(key) ?? 0;
        if (this.#members.get(key) === member) this.#lent.set(key, share);
        return share;
      },
      giveBack: () => {
        this.#lent.delete(key);
      },
    };
  }

  leave(key: string): void {
    this.#members.delete(key);
    this.#lent.delete(key);
    this.changed();
  }

  /** Slots have come free, or a job wants more: those who may use them are woken, soon and once. */
  changed(): void {
    if (this.#isNudging) return;
    this.#isNudging = true;
    queueMicrotask(() => {
      this.#isNudging = false;
      for (const key of this.#shares().keys()) this.#members.get(key)?.nudge();
    });
  }

  #shares(): ReadonlyMap<string, number> {
    const jobs = [...this.#members].map(([key, member]): SharingJob => {
      const seen = member.look();
      const lent = this.#lent.get(key) ?? 0;
      return { ...seen, key, active: seen.active + lent, wanted: Math.max(0, seen.wanted - lent) };
    });
    const { namespaces, modelEndpoints } = this.#rules;
    return fairShare(jobs, { slots: this.#slots(), namespaces, endpoints: modelEndpoints });
  }
}

/** A model endpoint's address as rules and jobs are compared by. */
export function endpointKey(baseURL: string): string {
  return baseURL.replace(/\/+$/u, "");
}
