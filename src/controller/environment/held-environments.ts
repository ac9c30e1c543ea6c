/** Which running jobs use which Environments. Jobs say so themselves, each leader anew. */
export class HeldEnvironments {
  readonly #jobs = new Map<string, Map<string, string>>();
  #areKnown = false;

  /** Every job that runs has been heard: from now on an Environment without any is free. */
  knowAll(): void {
    this.#areKnown = true;
  }

  add(environmentUid: string, jobUid: string, jobName: string): void {
    const jobs = this.#jobs.get(environmentUid) ?? new Map<string, string>();
    this.#jobs.set(environmentUid, jobs.set(jobUid, jobName));
  }

  remove(environmentUid: string, jobUid: string): void {
    const jobs = this.#jobs.get(environmentUid);
    jobs?.delete(jobUid);
    if (jobs?.size === 0) this.#jobs.delete(environmentUid);
  }

  /** Names of the jobs that use an Environment; null before all are known. */
  holders(environmentUid: string): readonly string[] | null {
    if (!this.#areKnown) return null;
    return [...(this.#jobs.get(environmentUid)?.values() ?? [])];
  }
}
