import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

/** A TCP proxy on loopback whose connections a test can cut, or freeze as a network does that drops every packet. */
export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isFrozen = false;
  /** Connections that were ever opened. */
  opened = 0;

  constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((near) => {
      this.opened += 1;
      const far = connect(target);
      const pair = [near, far] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [far, near] as const]) {
        from.on("data", (chunk) => {
          if (!this.#isFrozen) to.write(chunk);
        });
        from.on("error", () => to.destroy());
        from.on("close", () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      }
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection at once. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** Lets nothing through any more, without a word to either side: what is sent now is lost. */
  freeze(): void {
    this.#isFrozen = true;
  }

  /** Lets new connections through; the old ones have lost bytes and stay dead. */
  thaw(): void {
    for (const [near, far] of this.#pairs) {
      near.removeAllListeners("data").resume();
      far.removeAllListeners("data").resume();
    }
    this.#isFrozen = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
