import { createHash } from "node:crypto";
import type { StreamName } from "../../../src/bus/streams.ts";
import type { RawBus, RawMessage } from "./raw-bus.ts";
import { sleep } from "./service.ts";

const POLL_MS = 50;

/** Reads a stream as it grows, and remembers what it has seen: what can be read was stored, or so the server says. */
export class StreamWitness {
  readonly #bus: RawBus;
  readonly #stream: StreamName;
  readonly #seen = new Map<number, string>();
  #isWatching = false;

  constructor(bus: RawBus, stream: StreamName) {
    this.#bus = bus;
    this.#stream = stream;
  }

  /** Messages seen. */
  get seen(): number {
    return this.#seen.size;
  }

  /** Begins to read, until {@link missing} is asked. */
  watch(): void {
    this.#isWatching = true;
    // A bus that is closed meanwhile ends the watch.
    this.#follow().catch(() => undefined);
  }

  /** Ends the watch, reads the stream again, and resolves with the number of messages that are gone or others now. */
  async missing(): Promise<number> {
    this.#isWatching = false;
    const state = await this.#bus.state(this.#stream);
    if (state === null) return this.#seen.size;
    const now = new Map<number, string>();
    for await (const message of this.#bus.read(this.#stream)) now.set(message.sequence, markOf(message));
    return [...this.#seen].filter(([sequence, mark]) => now.get(sequence) !== mark).length;
  }

  async #follow(): Promise<void> {
    let next = 1;
    while (this.#isWatching) {
      for (const message of await this.#bus.readFrom(this.#stream, next)) {
        if (!this.#isWatching) return;
        this.#seen.set(message.sequence, markOf(message));
        next = message.sequence + 1;
      }
      await sleep(POLL_MS);
    }
  }
}

function markOf({ subject, payload }: RawMessage): string {
  return createHash("sha256").update(subject).update(payload).digest("base64");
}
