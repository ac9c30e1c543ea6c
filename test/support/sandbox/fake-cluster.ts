import type {
  AdoptedSandbox,
  LaunchedSandbox,
  LaunchRequest,
  SandboxLauncher,
  StartPressure,
} from "../../../src/sandbox/port.ts";
import type { RollyardError } from "../../../src/errors/rollyard-error.ts";
import { FakeSandbox } from "./fake-launcher.ts";

/** Sandboxes that outlive the launchers that started them, as pods do. */
export class FakeCluster {
  readonly sandboxes = new Map<string, FakeSandbox>();
  /** Set to make starts fail. */
  failure: RollyardError | null = null;
  /** Starts wait while this is set. */
  pressure: StartPressure | null = null;
  starts = 0;
  readonly #room = new Set<() => void>();

  /** Lets those that wait go on. */
  makeRoom(): void {
    this.pressure = null;
    for (const goOn of this.#room) goOn();
    this.#room.clear();
  }

  get live(): readonly FakeSandbox[] {
    return [...this.sandboxes.values()].filter(({ isStopped }) => !isStopped);
  }

  of(sandboxUid: string): FakeSandbox {
    const found = this.sandboxes.get(sandboxUid);
    if (found === undefined) throw new Error(`no sandbox ${sandboxUid}`);
    return found;
  }

  /** What one leader works with; the next gets another. */
  launcher(): SandboxLauncher {
    const known = new Set<string>();
    return {
      name: "kubernetes",
      notEnforced: [],
      start: (request) => {
        known.add(request.sandboxUid);
        return this.#start(request);
      },
      adopt: () => {
        const strangers = this.live.filter(({ sandboxUid }) => !known.has(sandboxUid));
        for (const { sandboxUid } of strangers) known.add(sandboxUid);
        return strangers.map(adopted);
      },
      close: () => Promise.resolve(),
    };
  }

  async #start(request: LaunchRequest): Promise<LaunchedSandbox> {
    this.starts += 1;
    if (this.failure !== null) throw this.failure;
    if (this.pressure !== null) {
      request.onProgress?.({ kind: "waiting", pressure: this.pressure });
      await new Promise<void>((resolve) => this.#room.add(resolve));
    }
    request.onProgress?.({ kind: "going_on" });
    const sandbox = new FakeSandbox(request);
    this.sandboxes.set(request.sandboxUid, sandbox);
    return sandbox;
  }
}

function adopted(sandbox: FakeSandbox): AdoptedSandbox {
  return {
    sandboxUid: sandbox.sandboxUid,
    template: sandbox.request.placement?.template ?? "",
    ready: Promise.resolve(sandbox),
    stop: () => sandbox.stop(),
  };
}
