import { Fifo } from "./fifo.ts";

/** A queue between one pushing and one awaiting side. */
export class AsyncQueue<T> {
  readonly #items = new Fifo<T>();
  #wake: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;
  #isClosed = false;

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** No more will come; what is there is still taken. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    this.#onEmpty?.();
  }

  /** Resolves when all has been taken, or the queue is closed. */
  async whenEmpty(): Promise<void> {
    if (this.#items.size === 0 || this.#isClosed) return;
    await new Promise<void>((resolve) => (this.#onEmpty = resolve));
  }

  /** Takes items until the queue is closed and empty. */
  async *take(): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#isClosed) return;
      else await this.#more();
    }
  }

  async #more(): Promise<void> {
    this.#onEmpty?.();
    this.#onEmpty = undefined;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}
