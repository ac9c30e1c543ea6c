/** What is running, to be ended last started first; also when a signal comes in the middle. */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];
  #isInterrupted = false;

  /** Throws when it was interrupted: what was started meanwhile is ended too, and nothing more is to be started. */
  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
    if (this.#isInterrupted) throw new Error("interrupted");
  }

  /** Ends everything that was added since; safe to repeat. */
  async closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) await close();
  }

  /** Ends everything under the feet of whoever waits for it, who fails then. */
  async interrupt(): Promise<void> {
    this.#isInterrupted = true;
    await this.closeAll();
  }
}
