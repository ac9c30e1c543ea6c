/** Which snapshots of Environments are served, or have traces that run: their secrets may be asked for. */
export class ServedSnapshots {
  /** `namespace/hash`, by the uid of the Environment. */
  readonly #byEnvironment = new Map<string, Set<string>>();

  add(environmentUid: string, namespace: string, specHash: string): void {
    const known = this.#byEnvironment.get(environmentUid) ?? new Set<string>();
    this.#byEnvironment.set(environmentUid, known.add(`${namespace}/${specHash}`));
  }

  /** The Environment is gone. */
  forget(environmentUid: string): void {
    this.#byEnvironment.delete(environmentUid);
  }

  has(namespace: string, specHash: string): boolean {
    return [...this.#byEnvironment.values()].some((known) => known.has(`${namespace}/${specHash}`));
  }
}
