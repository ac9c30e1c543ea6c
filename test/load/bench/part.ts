import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a part does when asked; arguments and results cross a process boundary as JSON. */
export type PartApi = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

/** A question to a part. */
export interface PartRequest {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

/** Its answer. */
export interface PartReply {
  readonly id: number;
  readonly result?: unknown;
  /** The stack of what was thrown instead. */
  readonly error?: string;
}

type Argument<M> = M extends (argument: infer A) => Promise<unknown> ? A : never;
type Result<M> = M extends (argument: never) => Promise<infer R> ? R : never;

const STOP_WITHIN_MS = 30_000;

/** A process of the benchmark, asked over its IPC channel. It ends with us, however we end: the channel closes. */
export class Part<Api extends PartApi> {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #next = 0;

  /** `file` is relative to test/load/parts; `nodeFlags` go to Node itself. */
  constructor(file: string, nodeFlags: readonly string[] = []) {
    const path = fileURLToPath(new URL(`../parts/${file}`, import.meta.url));
    this.#child = fork(path, { execArgv: [...nodeFlags], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child.on("message", (reply) => this.#onReply(reply as PartReply));
    this.#exited = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        const gone = new Error(`${file} ended in the middle: ${signal ?? code ?? "?"}`);
        for (const waiting of this.#open.values()) waiting.reject(gone);
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Rejects with what the part threw, or when it ends before it answers. */
  call<M extends keyof Api & string>(method: M, argument: Argument<Api[M]>): Promise<Result<Api[M]>> {
    const id = this.#next++;
    const waiting = Promise.withResolvers<unknown>();
    this.#open.set(id, waiting);
    const request: PartRequest = { id, method, argument };
    this.#child.send(request, (error) => {
      if (error !== null) waiting.reject(error);
    });
    return waiting.promise as Promise<Result<Api[M]>>;
  }

  /** Lets it end in good order; by force when it doesn't. */
  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const force = setTimeout(() => this.#child.kill("SIGKILL"), STOP_WITHIN_MS);
    await this.#exited;
    clearTimeout(force);
  }

  #onReply({ id, result, error }: PartReply): void {
    const waiting = this.#open.get(id);
    this.#open.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }
}
