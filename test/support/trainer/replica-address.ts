import { TcpProxy } from "../kube/tcp-proxy.ts";

/** An address that stays while the replica behind it is killed and another takes its place, as that of a Service does. */
export class ReplicaAddress {
  readonly url: string;
  readonly #proxy: TcpProxy;
  readonly #target: { host: string; port: number };

  private constructor(port: number, proxy: TcpProxy, target: { host: string; port: number }) {
    this.url = `http://127.0.0.1:${port}`;
    this.#proxy = proxy;
    this.#target = target;
  }

  /** In front of the replica at `base`. */
  static async start(base: string): Promise<ReplicaAddress> {
    const target = targetOf(base);
    const proxy = new TcpProxy(target);
    return new ReplicaAddress(await proxy.listen(), proxy, target);
  }

  /** New connections go to the replica at `base`; the old ones end. */
  moveTo(base: string): void {
    Object.assign(this.#target, targetOf(base));
    this.#proxy.cut();
  }

  close(): Promise<void> {
    return this.#proxy.close();
  }
}

function targetOf(base: string): { host: string; port: number } {
  const { hostname, port } = new URL(base);
  return { host: hostname, port: Number(port) };
}
