import type { RollyardError } from "../../../src/errors/rollyard-error.ts";
import type {
  LaunchedSandbox,
  LaunchRequest,
  SandboxEnd,
  SandboxLauncher,
} from "../../../src/sandbox/port.ts";

/** A sandbox that exists only in memory; the test says how it ends. */
export class FakeSandbox implements LaunchedSandbox {
  readonly sandboxUid: string;
  readonly request: LaunchRequest;
  readonly endpoint;
  readonly ended: Promise<SandboxEnd>;
  isStopped = false;
  readonly #ended = Promise.withResolvers<SandboxEnd>();

  constructor(request: LaunchRequest) {
    this.request = request;
    this.sandboxUid = request.sandboxUid;
    this.endpoint = { kind: "unix", path: `/fake/${request.sandboxUid}` } as const;
    this.ended = this.#ended.promise;
  }

  end(end: SandboxEnd): void {
    this.#ended.resolve(end);
  }

  stop(): Promise<void> {
    this.isStopped = true;
    this.#ended.resolve({ kind: "stopped" });
    return Promise.resolve();
  }
}

/** Starts {@link FakeSandbox}es at once, or holds or fails the starts as the test says. */
export class FakeLauncher implements SandboxLauncher {
  readonly name = "process";
  readonly notEnforced = [];
  readonly sandboxes: FakeSandbox[] = [];
  /** How many starts were asked for. */
  starts = 0;
  /** Set to make starts fail. */
  failure: RollyardError | null = null;
  #held: PromiseWithResolvers<void> | null = null;

  /** Lets no start end until {@link letGo}. */
  hold(): void {
    this.#held = Promise.withResolvers();
  }

  letGo(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  async start(request: LaunchRequest): Promise<LaunchedSandbox> {
    this.starts += 1;
    await this.#held?.promise;
    if (this.failure !== null) throw this.failure;
    const sandbox = new FakeSandbox(request);
    this.sandboxes.push(sandbox);
    return sandbox;
  }

  /** The sandbox of a uid. */
  of(sandboxUid: string): FakeSandbox {
    const found = this.sandboxes.find((sandbox) => sandbox.sandboxUid === sandboxUid);
    if (found === undefined) throw new Error(`no sandbox ${sandboxUid}`);
    return found;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
