import { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type { LeaseRecord, LeaseStore, StoredLease } from "../../../src/kube/leader/lease.ts";

/** Leases as the API server keeps them. `isDown` makes every call fail. */
export class MemoryLeaseStore implements LeaseStore {
  isDown = false;
  #stored: StoredLease | null = null;
  #version = 0;

  async read(): Promise<StoredLease | null> {
    this.#check();
    return this.#stored;
  }

  async write(record: LeaseRecord, over: string | null): Promise<StoredLease | null> {
    this.#check();
    if ((this.#stored?.version ?? null) !== over) return null;
    this.#version += 1;
    this.#stored = { record, version: String(this.#version) };
    return this.#stored;
  }

  #check(): void {
    if (this.isDown) throw new RollyardError("kube_unreachable");
  }
}
