import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { sleep } from "./service.ts";

/** A place in the conversation of a client with its server at which something is to happen, once. */
export interface Trap {
  /** What the client sends: the beginning of a protocol line. */
  readonly line: string;
  /** `before` the server gets it; `after` it got it, and before its answer comes back. */
  readonly moment: "before" | "after";
  readonly spring: () => void;
}

/** One client's connection, taken apart. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Answers of the server don't pass any more. */
  isMuted: boolean;
}

/** How long the server may take to store what it got before a trap springs after it. */
const STORED_WITHIN_MS = 40;

/** The line between one process and one server: cut, silent, or slow when it is told so. */
export class Link {
  readonly name: string;
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** What is on its way to a socket, late. */
  readonly #late = new Map<Socket, Promise<void>>();
  #traps: Trap[] = [];
  #isSilent = false;
  #delayMs = 0;

  constructor(name: string, targetPort: number) {
    this.name = name;
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** Begins to listen on the loopback port, by default a free one. */
  async open(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets every connection; new ones pass. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
  }

  /** Half-open: both ends stay connected, nothing passes, new connections are taken and lead nowhere. Then all is cut. */
  silence(ms: number): void {
    this.#isSilent = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
    setTimeout(() => {
      this.#isSilent = false;
      this.cut();
    }, ms);
  }

  /** Everything takes this much longer, for a while. */
  slow(delayMs: number, ms: number): void {
    this.#delayMs = delayMs;
    setTimeout(() => (this.#delayMs = 0), ms);
  }

  /** Waits for the client to send the line. */
  arm(trap: Trap): void {
    this.#traps.push(trap);
  }

  disarm(): void {
    this.#traps = [];
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.#targetPort });
    const pair: Pair = { client, server, isMuted: false };
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
    if (this.#isSilent) for (const socket of [client, server]) socket.pause();
    client.on("data", (chunk: Buffer) => this.#fromClient(pair, chunk));
    server.on("data", (chunk: Buffer) => {
      if (!pair.isMuted) this.#pass(server, client, chunk);
    });
  }

  #fromClient(pair: Pair, chunk: Buffer): void {
    const found = this.#traps.map((trap) => ({ trap, at: lineStart(chunk, trap.line) }));
    const caught = found.find(({ at }) => at !== -1);
    if (caught === undefined) return this.#pass(pair.client, pair.server, chunk);
    this.#traps = this.#traps.filter((trap) => trap !== caught.trap);
    if (caught.trap.moment === "after") {
      pair.isMuted = true;
      this.#pass(pair.client, pair.server, chunk);
      setTimeout(() => this.#spring(pair, caught.trap), STORED_WITHIN_MS);
      return;
    }
    pair.server.write(chunk.subarray(0, caught.at));
    pair.client.pause();
    this.#spring(pair, caught.trap);
  }

  #spring(pair: Pair, trap: Trap): void {
    trap.spring();
    pair.client.destroy();
    pair.server.destroy();
  }

  #pass(from: Socket, to: Socket, chunk: Buffer): void {
    const before = this.#late.get(to);
    if (before === undefined && this.#delayMs === 0) return this.#write(from, to, chunk);
    const dueMs = performance.now() + this.#delayMs;
    // In order also when the delay ends in between.
    const passed = (before ?? Promise.resolve()).then(async () => {
      await sleep(Math.max(0, dueMs - performance.now()));
      this.#write(from, to, chunk);
      if (this.#late.get(to) === passed) this.#late.delete(to);
    });
    this.#late.set(to, passed);
  }

  #write(from: Socket, to: Socket, chunk: Buffer): void {
    if (to.destroyed || to.write(chunk)) return;
    from.pause();
    to.once("drain", () => {
      if (!this.#isSilent) from.resume();
    });
  }
}

/** Where a protocol line begins in what was sent, or -1. */
function lineStart(chunk: Buffer, line: string): number {
  const at = chunk.indexOf(line);
  if (at <= 0) return at;
  return chunk[at - 1] === 0x0a ? at : -1;
}
